import { render } from "preact";

// Takes the secret of a set-up link out of the address, before all else.
import "./state/at.js";
import { resume } from "../state/session.js";
import { Admin } from "./view/admin.js";

resume();
render(<Admin />, document.querySelector("#app")!);
