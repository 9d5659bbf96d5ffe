import type { JSX } from "preact";
import type { MessageState } from "groupcast-client";

import type { Deeds } from "./message.js";

/** The emoji on a message. A press adds one's own or takes it back. */
export function Reactions({ message, deeds }: { message: MessageState; deeds: Deeds }): JSX.Element | null {
  if (message.reactions.length === 0) return null;
  return (
    <div class="reactions">
      {message.reactions.map(({ emoji, count, user_ids, mine = false }) => {
        const names = user_ids.map((id) => deeds.nameOf(id)).join(", ");
        const others = count > user_ids.length ? ` and ${count - user_ids.length} others` : "";
        return (
          <button
            type="button"
            key={emoji}
            class="reaction"
            aria-pressed={mine}
            title={names + others}
            onClick={() => deeds.react(message.id, emoji, !mine)}
          >
            <span class="emoji">{emoji}</span> {count}
          </button>
        );
      })}
    </div>
  );
}
