import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { chatWith } from "../state/directory.js";
import { me } from "../state/session.js";
import { Dialog } from "./dialog.js";
import { PeopleField } from "./people-field.js";

/** Begins or finds the private chat with somebody. */
export function NewChat({ close }: { close: () => void }): JSX.Element {
  const [failure, setFailure] = useState("");
  const begin = async (username: string): Promise<void> => {
    try {
      await chatWith(username);
      close();
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  return (
    <Dialog title="Chat with somebody" close={close}>
      <PeopleField label="Person" without={new Set([me().id])} pick={({ username }) => void begin(username)} />
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <div class="dialog-foot">
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
