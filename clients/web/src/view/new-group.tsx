import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";

import { createGroup } from "../state/groups.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";

/** Makes a group. */
export function NewGroup({ close }: { close: () => void }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const [failure, setFailure] = useState("");
  const [isBusy, setBusy] = useState(false);
  const create = async (): Promise<void> => {
    const data = new FormData(form.current!);
    const name = String(data.get("name")).trim();
    if (name === "") {
      setFailure("A group needs a name.");
      return;
    }
    setBusy(true);
    try {
      await createGroup(name, data.get("private") !== null);
      close();
    } catch (error) {
      setFailure((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog title="New group" close={close}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field label="Group name" name="name" maxLength={100} autocomplete="off" autofocus />
        <div class="check">
          <input type="checkbox" name="private" id={`${id}-private`} aria-describedby={`${id}-hint`} />
          <label for={`${id}-private`}>Private</label>
          <p class="hint" id={`${id}-hint`}>
            For two people, and not listed.
          </p>
        </div>
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            Create
          </button>
        </div>
      </form>
    </Dialog>
  );
}
