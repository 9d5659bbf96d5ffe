import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { MessageState } from "groupcast-client";

import { Icon } from "./icon.js";
import type { Deeds } from "./message.js";
import { Picker } from "./picker.js";

interface ActionsProps {
  message: MessageState;
  mayEdit: boolean;
  mayDelete: boolean;
  deeds: Deeds;
  edit: () => void;
}

/** What can be done with a message, beside it. They are seen when the message is pointed at, touched, or the keyboard is there. */
export function Actions({ message, mayEdit, mayDelete, deeds, edit }: ActionsProps): JSX.Element {
  const [isPicking, setPicking] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const wasSeen = useRef(true);
  const close = (): void => {
    setPicking(false);
    opener.current?.focus();
  };
  const deed = (name: "reply" | "react" | "edit" | "delete", label: string, work: () => void): JSX.Element => (
    <button
      type="button"
      class="action"
      data-deed={name}
      aria-label={label}
      title={label}
      ref={name === "react" ? opener : null}
      aria-expanded={name === "react" ? isPicking : undefined}
      onClick={work}
    >
      <Icon name={name} />
    </button>
  );
  return (
    <div
      class={`actions ${isPicking ? "open" : ""}`}
      onPointerDownCapture={(event) => {
        // A finger that meets them before they are seen only makes them seen.
        wasSeen.current = event.pointerType !== "touch" || Number(getComputedStyle(event.currentTarget).opacity) > 0.5;
      }}
      onClickCapture={(event) => {
        if (wasSeen.current) return;
        wasSeen.current = true;
        event.stopPropagation();
        event.currentTarget.closest("article")?.focus();
      }}
    >
      {deed("reply", "Reply", () => deeds.reply(message))}
      {deed("react", "React", () => setPicking(!isPicking))}
      {mayEdit && deed("edit", "Edit", edit)}
      {mayDelete && deed("delete", "Delete", () => deeds.remove(message))}
      {isPicking && (
        <Picker
          pick={(emoji) => {
            const mine = message.reactions.find((one) => one.emoji === emoji)?.mine === true;
            deeds.react(message.id, emoji, !mine);
            close();
          }}
          close={close}
        />
      )}
    </div>
  );
}
