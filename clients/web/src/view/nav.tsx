import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { areKnown, joinable, ownGroups, titleOf } from "../state/groups.js";
import { addressOf, route } from "../state/route.js";
import { closeResults, query, results, search } from "../state/search.js";
import { waiting } from "../state/waiting.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { NewChat } from "./new-chat.js";
import { NewGroup } from "./new-group.js";

/** Unread messages that are counted; the server counts no further. */
const COUNTED_MAX = 1_000;

/** The user's groups, and those that may be joined; what is typed above them narrows both. */
export function Nav(): JSX.Element {
  const [dialog, setDialog] = useState<"group" | "chat" | undefined>(undefined);
  const text = results.value ? "" : query.value.trim().toLocaleLowerCase();
  const fits = (name: string): boolean => text === "" || name.toLocaleLowerCase().includes(text);
  const own = ownGroups.value.filter(({ group }) => fits(titleOf(group)));
  const others = joinable.value.filter(({ name }) => fits(name));
  return (
    <div class="nav">
      <form
        class="search"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void search(query.value);
        }}
      >
        <Icon name="search" />
        <input
          type="search"
          aria-label="Search"
          placeholder="Search"
          value={query.value}
          enterkeyhint="search"
          onInput={(event) => {
            query.value = event.currentTarget.value;
            if (results.peek()) closeResults();
          }}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            query.value = "";
            closeResults();
          }}
        />
      </form>
      <nav aria-label="Groups">
        {own.length > 0 && (
          <ul>
            {own.map(({ group, mark }) => (
              <Row
                key={group.id}
                id={group.id}
                name={titleOf(group)}
                isChat={group.is_private === true && titleOf(group) !== group.name}
                unread={mark?.unread ?? 0}
                mentions={mark?.mentions ?? 0}
                waits={waiting.value.some((one) => one.groupId === group.id)}
              />
            ))}
          </ul>
        )}
        {others.length > 0 && (
          <>
            <p class="nav-title" id="others">
              Others to join
            </p>
            <ul aria-labelledby="others">
              {others.map(({ id, name }) => (
                <Row key={id} id={id} name={name} isChat={false} unread={0} mentions={0} waits={false} />
              ))}
            </ul>
          </>
        )}
        {own.length + others.length === 0 && (
          <p class="empty">
            {text !== "" ? "No group is named so. Enter searches the messages." : areKnown.value ? "There are no groups yet. Make the first one." : "Loading …"}
          </p>
        )}
      </nav>
      <div class="nav-foot">
        <button type="button" class="quiet" onClick={() => setDialog("group")}>
          <Icon name="add" /> New group
        </button>
        <button type="button" class="quiet" onClick={() => setDialog("chat")}>
          <Icon name="thread" /> New chat
        </button>
      </div>
      {dialog === "group" && <NewGroup close={() => setDialog(undefined)} />}
      {dialog === "chat" && <NewChat close={() => setDialog(undefined)} />}
    </div>
  );
}

interface RowProps {
  id: number;
  name: string;
  isChat: boolean;
  unread: number;
  mentions: number;
  waits: boolean;
}

function Row({ id, name, isChat, unread, mentions, waits }: RowProps): JSX.Element {
  const isShown = route.value.groupId === id;
  const count = unread >= COUNTED_MAX ? `${COUNTED_MAX}+` : String(unread);
  const label = [name, unread > 0 && `${count} unread`, mentions > 0 && `${mentions} for you`, waits && "waiting"].filter(Boolean).join(", ");
  return (
    <li>
      <a href={addressOf(id)} aria-label={label} aria-current={isShown ? "page" : undefined} class={unread > 0 ? "unread" : ""}>
        {isChat ? <Avatar name={name} small /> : <Icon name="group" />}
        <span class="cut">{name}</span>
        {waits && <Icon name="waiting" />}
        {unread > 0 && <span class={`count ${mentions > 0 ? "for-me" : ""}`}>{mentions > 0 ? `@ ${count}` : count}</span>}
      </a>
    </li>
  );
}
