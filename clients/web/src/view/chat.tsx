import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { GroupState, MessageState } from "groupcast-client";

import { titleOf } from "../state/groups.js";
import { going, keep, remove } from "../state/going.js";
import { governs, membersOf, nameOf } from "../state/members.js";
import { attempt, tell } from "../state/notice.js";
import { tellTyping, typing } from "../state/people.js";
import { lineSeq, reach, room, seen, showOlder } from "../state/room.js";
import type { Room } from "../state/room.js";
import { arrived, route } from "../state/route.js";
import { client, session } from "../state/session.js";
import { send, waiting } from "../state/waiting.js";
import { useChanges } from "./changes.js";
import { Composer } from "./composer.js";
import { Icon } from "./icon.js";
import { Log } from "./log.js";
import type { Deeds } from "./message.js";
import { panel } from "./panel.js";
import { around, atEnd, fitted, grownDown, grownUp, rangeOf } from "./span.js";
import { Stream } from "./stream.js";

/** The messages of the group that is shown, and where one writes. */
export function Chat({ shown }: { shown: Room & { open: NonNullable<Room["open"]> } }): JSX.Element {
  const { id, open } = shown;
  const { state } = open;
  const { me } = session.value!;
  useChanges(state);
  const log = useRef<Log>(null);
  const isAtEnd = useRef(true);
  const toShow = useRef<number | undefined>(undefined);
  const [isAway, setAway] = useState(false);
  const [answered, setAnswered] = useState<MessageState | undefined>(undefined);
  const [found, setFound] = useState<number | undefined>(undefined);

  const deeds = useMemo((): Deeds => deedsOf(id, state, setAnswered), [id, open]);
  useEffect(() => {
    setAnswered(undefined);
    setFound(undefined);
    setAway(false);
    toShow.current = undefined;
  }, [id]);

  const [kept, setSpan] = useState(() => atEnd(state.messages, lineSeq.peek()));
  const { messages } = state;
  const span = fitted(messages, kept, isAtEnd.current);
  if (span !== kept) setSpan(span);
  const [start, end] = rangeOf(messages, span);
  const showNewest = (): void => {
    setSpan(atEnd(messages));
    // When they are drawn.
    setTimeout(() => log.current?.toEnd(), 0);
  };

  const { messageId } = route.value;
  useEffect(() => {
    if (messageId === undefined || route.peek().groupId !== id) return;
    void (async () => {
      const known = state.get(messageId);
      const seq = known?.seq ?? (await client().api.message(messageId).catch(() => undefined))?.seq;
      if (seq === undefined || !(await reach(open, seq).catch(() => false))) {
        tell("This message is not there any more.");
        arrived();
        return;
      }
      // It is shown as soon as it is drawn.
      toShow.current = messageId;
      setSpan(around(state.messages, seq));
      setFound(messageId);
    })();
  }, [messageId, id]);

  useLayoutEffect(() => {
    if (toShow.current === undefined || !log.current?.show(toShow.current)) return;
    toShow.current = undefined;
    arrived();
  });

  const look = (): void => {
    if (isAtEnd.current && document.visibilityState === "visible" && document.hasFocus()) seen();
  };
  useEffect(() => {
    const later = setTimeout(look, 150);
    return () => clearTimeout(later);
  });
  useEffect(() => {
    addEventListener("focus", look);
    return () => removeEventListener("focus", look);
  }, []);

  const stored = new Set(messages.slice(-200).map(({ client_id }) => client_id));
  const mine = waiting.value.filter((one) => one.groupId === id && !stored.has(one.clientId));
  const title = titleOf({ id, ...state.group });
  return (
    <div class="chat">
      <Log
        handle={log}
        id={id}
        hasOlder={start > 0 || state.hasOlder}
        showOlder={async () => {
          if (start === 0) await showOlder();
          setSpan(grownUp(state.messages, span));
        }}
        hasNewer={end < messages.length}
        showNewer={() => setSpan(grownDown(messages, span))}
        atEnd={(isNow) => {
          isAtEnd.current = isNow;
          setAway(!isNow);
          if (isNow) look();
        }}
      >
        <Stream
          messages={start === 0 && end === messages.length ? messages : messages.slice(start, end)}
          waiting={end === messages.length ? mine : []}
          get={(messageId) => state.get(messageId)}
          me={me.id}
          myName={me.username}
          nameOf={deeds.nameOf}
          line={lineSeq.value}
          mayDelete={governs(state)}
          going={going.value}
          found={found}
          deeds={deeds}
        />
      </Log>
      <div class="foot">
        {isAway && (
          <button type="button" class="to-end" onClick={showNewest}>
            <Icon name="down" /> Newest
          </button>
        )}
        <p class="typing" aria-live="polite">
          {typingText(typing(id))}
        </p>
        <Composer
          place={`g${id}`}
          label="Message"
          button="Send"
          placeholder={`Write to ${title}`}
          answered={answered}
          members={[...membersOf(state).values()]}
          send={(content) => {
            send(id, content, answered?.id);
            setAnswered(undefined);
            showNewest();
          }}
          leaveAnswer={() => setAnswered(undefined)}
          leaveUp={() => log.current?.focusLast()}
          typing={(isTyping) => tellTyping(id, isTyping)}
        />
      </div>
    </div>
  );
}

function typingText(names: readonly string[]): string {
  if (names.length > 2) return "Several people are typing …";
  return names.length === 0 ? "" : `${names.join(" and ")} ${names.length === 1 ? "is" : "are"} typing …`;
}

/** What can be done with the messages of a group; `answer` is told which one is to be answered. */
export function deedsOf(groupId: number, state: GroupState, answer: (message: MessageState) => void): Deeds {
  return {
    reply: answer,
    edit: (message, content) => void attempt(() => client().edit(groupId, message.id, content)),
    remove: (message) => remove(groupId, message.id),
    keep,
    react: (messageId, emoji, on) => void attempt(() => client().react(groupId, messageId, emoji, on)),
    openThread: (message) => {
      panel.value = { kind: "thread", groupId, rootId: message.thread_id ?? message.id };
    },
    jump: (messageId) => {
      if (room.peek()?.id === groupId) route.value = { groupId, messageId };
    },
    nameOf: (userId) => nameOf(state, userId),
  };
}
