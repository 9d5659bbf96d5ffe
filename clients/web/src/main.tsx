import { render } from "preact";

import { resume } from "./state/session.js";
import { App } from "./view/app.js";

resume();
render(<App />, document.querySelector("#app")!);
