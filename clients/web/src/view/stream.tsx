import type { JSX } from "preact";
import type { MessageState } from "groupcast-client";

import type { Waiting } from "../state/waiting.js";
import { discard, retry } from "../state/waiting.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { MessageView } from "./message.js";
import type { Deeds } from "./message.js";
import { Text } from "./text.js";
import { dayOf, isSameDay, timeOf } from "./when.js";

/** Messages of one sender so soon after each other stand together, in milliseconds. */
const TOGETHER_MS = 5 * 60_000;

export interface StreamProps {
  messages: readonly MessageState[];
  waiting: readonly Waiting[];
  get: (id: number) => MessageState | undefined;
  me: number;
  myName: string;
  nameOf: (userId: number) => string;
  line: number | undefined;
  mayDelete: boolean;
  going: ReadonlySet<number>;
  found: number | undefined;
  deeds: Deeds;
  inThread?: boolean;
}

/** Messages one below the other, with the days between them, and then those that wait. */
export function Stream(props: StreamProps): JSX.Element {
  const { messages, waiting, get, me, myName, nameOf, line, going, found, deeds, mayDelete, inThread = false } = props;
  const rows: JSX.Element[] = [];
  let before: MessageState | undefined;
  let isLineDrawn = line === undefined;
  for (const message of messages) {
    const isNewDay = !before || !isSameDay(before.created_at, message.created_at);
    if (isNewDay && !inThread) {
      rows.push(
        <div class="day" key={`day-${message.id}`}>
          <span>{dayOf(message.created_at)}</span>
        </div>,
      );
    }
    const isNew = !isLineDrawn && message.seq > line! && message.user_id !== me && !message.deleted;
    if (isNew) {
      isLineDrawn = true;
      rows.push(
        <div class="new-line" key="new" role="separator" aria-label="New messages">
          <span>New</span>
        </div>,
      );
    }
    const isFollowing =
      !isNewDay && !isNew && before?.user_id === message.user_id && message.reply_to === undefined &&
      Date.parse(message.created_at) - Date.parse(before.created_at) < TOGETHER_MS;
    rows.push(
      <MessageView
        key={message.id}
        message={message}
        answered={message.reply_to === undefined ? undefined : get(message.reply_to)}
        me={me}
        myName={myName}
        mentioned={mentionedIn(message, nameOf)}
        isFollowing={isFollowing}
        mayDelete={mayDelete}
        isGoing={going.has(message.id)}
        isFound={found === message.id}
        deeds={deeds}
        inThread={inThread}
      />,
    );
    before = message;
  }
  for (const message of waiting) rows.push(<WaitingView key={message.clientId} message={message} name={myName} />);
  return <>{rows}</>;
}

function mentionedIn({ mentions, content }: MessageState, nameOf: (userId: number) => string): string {
  if (!mentions || mentions.length === 0) return "";
  // With @all there may be very many, of which no name stands in the text.
  const names = mentions.slice(0, 200).map(nameOf).filter((name) => content.includes(`@${name}`));
  return [...names, ...(/@all\b/.test(content) ? ["all"] : [])].join(",");
}

const NOBODY: ReadonlySet<string> = new Set();

/** A message that is not stored yet. */
function WaitingView({ message, name }: { message: Waiting; name: string }): JSX.Element {
  const { clientId, content, at, refusal } = message;
  return (
    <article class={`message mine ${refusal ? "refused" : "waiting"}`} aria-label={`${name}, ${timeOf(at)}`}>
      <Avatar name={name} />
      <div class="body">
        <div class="head">
          <span class="name">{name}</span> <time dateTime={at}>{timeOf(at)}</time>
        </div>
        <div class="line">
          <Text content={content} names={{ me: name, mentioned: NOBODY }} />
        </div>
        {refusal ? (
          <p class="refusal">
            Not sent: {refusal}.{" "}
            <button type="button" class="link" onClick={() => retry(clientId)}>
              Try again
            </button>{" "}
            <button type="button" class="link" onClick={() => discard(clientId)}>
              Forget it
            </button>
          </p>
        ) : (
          <p class="remark">
            <Icon name="waiting" /> waiting
          </p>
        )}
      </div>
    </article>
  );
}
