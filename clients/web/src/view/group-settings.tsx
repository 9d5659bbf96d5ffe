import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import type { GroupInfo } from "groupcast-client";

import { changeGroup } from "../state/moderation.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";

/** What admins may change about a group. */
export function GroupSettings({ group, close }: { group: Partial<GroupInfo> & { id: number }; close: () => void }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const [failure, setFailure] = useState("");
  const save = async (): Promise<void> => {
    const data = new FormData(form.current!);
    const [name, topic] = [String(data.get("name")).trim(), String(data.get("topic")).trim()];
    const join = data.get("invite") === null ? "open" : "invite";
    const change = {
      ...(name !== group.name && { name }),
      ...(topic !== (group.topic ?? "") && { topic }),
      ...(!group.is_private && join !== (group.join ?? "open") && { join }),
    };
    try {
      if (Object.keys(change).length > 0) await changeGroup(group.id, change);
      close();
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  return (
    <Dialog title="Group settings" close={close}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label="Group name" name="name" maxLength={100} autocomplete="off" defaultValue={group.name ?? ""} autofocus />
        <Field label="Topic" name="topic" maxLength={250} autocomplete="off" defaultValue={group.topic ?? ""} />
        {!group.is_private && (
          <div class="check">
            <input type="checkbox" name="invite" id={`${id}-invite`} defaultChecked={group.join === "invite"} aria-describedby={`${id}-hint`} />
            <label for={`${id}-invite`}>By invitation</label>
            <p class="hint" id={`${id}-hint`}>
              Only who is added sees it and comes in.
            </p>
          </div>
        )}
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}
