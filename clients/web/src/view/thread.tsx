import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import { going } from "../state/going.js";
import { governs, membersOf } from "../state/members.js";
import { reach } from "../state/room.js";
import type { Room } from "../state/room.js";
import { client, session } from "../state/session.js";
import { send, waiting } from "../state/waiting.js";
import { useChanges } from "./changes.js";
import { deedsOf } from "./chat.js";
import { Composer } from "./composer.js";
import { Icon } from "./icon.js";
import { resetPanel } from "./panel.js";
import { Stream } from "./stream.js";

/** A message and all that answers it. */
export function Thread({ shown, rootId }: { shown: Room & { open: NonNullable<Room["open"]> }; rootId: number }): JSX.Element {
  const { id, open } = shown;
  const { state } = open;
  const { me } = session.value!;
  useChanges(state);
  const [failure, setFailure] = useState("");
  const end = useRef<HTMLDivElement>(null);
  const root = state.get(rootId);

  useEffect(() => {
    setFailure("");
    if (state.get(rootId)) return;
    // Once the first message is known all answers are.
    client()
      .api.message(rootId)
      .then(({ seq }) => reach(open, seq))
      .then((isThere) => {
        if (!isThere) setFailure("The beginning of this thread is not there any more.");
      })
      .catch(() => setFailure("The thread can not be listed now."));
  }, [rootId, open]);

  const answers = state.thread(rootId);
  const count = answers.length;
  useEffect(() => end.current?.scrollIntoView({ block: "nearest" }), [count]);

  const [answered, setAnswered] = useState(root);
  useEffect(() => setAnswered(undefined), [rootId]);
  const deeds = useMemo(() => deedsOf(id, state, setAnswered), [id, open]);
  const known = new Set(answers.map(({ client_id }) => client_id));
  const members = new Set([rootId, ...answers.map((message) => message.id)]);
  const mine = waiting.value.filter((one) => one.groupId === id && members.has(one.replyTo ?? 0) && !known.has(one.clientId));
  return (
    <aside class="panel thread" aria-label="Thread">
      <header class="panel-head">
        <h2>Thread</h2>
        <button type="button" class="action" aria-label="Close thread" onClick={resetPanel}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body" tabIndex={0} role="group" aria-label="Answers">
        {failure && <p class="remark">{failure}</p>}
        {!root && !failure && <p class="remark">Loading …</p>}
        <Stream
          messages={root ? [root, ...answers] : answers}
          waiting={mine}
          get={(messageId) => state.get(messageId)}
          me={me.id}
          myName={me.username}
          nameOf={deeds.nameOf}
          line={undefined}
          mayDelete={governs(state)}
          going={going.value}
          found={undefined}
          deeds={deeds}
          inThread
        />
        <div ref={end} />
      </div>
      <Composer
        place={`t${rootId}`}
        label="Answer"
        button="Answer"
        placeholder="Answer in this thread"
        answered={answered}
        members={[...membersOf(state).values()]}
        send={(content) => {
          send(id, content, answered?.id ?? rootId);
          setAnswered(undefined);
        }}
        leaveAnswer={() => setAnswered(undefined)}
        typing={() => undefined}
      />
    </aside>
  );
}
