import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Avatar } from "../../view/avatar.js";
import { Confirm } from "../../view/confirm.js";
import { programOf } from "../../view/program.js";
import { fullTime, shortTime } from "../../view/when.js";
import { addressOf } from "../state/at.js";
import { endSession } from "../state/deeds.js";
import { usePages } from "../state/pages.js";
import type { SessionRow } from "../state/types.js";
import { count } from "./figures.js";
import { Head } from "./head.js";
import { More } from "./listing.js";
import { Table } from "./table.js";

/** All open sessions, or those of one user. */
export function Sessions({ userId }: { userId: number | undefined }): JSX.Element {
  const isOfOne = userId !== undefined;
  const pages = usePages<SessionRow>(isOfOne ? `admin/users/${userId}/sessions/` : "admin/sessions/", isOfOne);
  const [doomed, setDoomed] = useState<SessionRow | undefined>(undefined);
  const name = pages.rows.value?.[0]?.user.username;
  return (
    <>
      {isOfOne && (
        <a class="back" href={addressOf("sessions")}>
          All sessions
        </a>
      )}
      <Head title="Sessions">{isOfOne && name !== undefined && <span class="faint cut">of {name}</span>}</Head>
      <Table
        caption="Sessions"
        rows={pages.rows.value}
        hasFailed={pages.failure.value !== ""}
        keyOf={({ id }) => id}
        empty="Nobody is signed in."
        columns={[
          {
            name: "User",
            cell: ({ user: { username }, current }) => (
              <span class="named">
                <Avatar name={username} small />
                <span class="cut">{username}</span>
                {current && <span class="role">this one</span>}
              </span>
            ),
          },
          { name: "Program", cell: ({ client }) => <span title={client}>{programOf(client)}</span> },
          { name: "Begun", cell: ({ created_at: begun }) => <When at={begun} /> },
          { name: "Renewed", cell: ({ renewed_at: renewed }) => <When at={renewed} /> },
          { name: "Sockets", isNumber: true, cell: ({ sockets }) => count(sockets) },
        ]}
        acts={(session) => (
          <button type="button" class="quiet small grave" onClick={() => setDoomed(session)}>
            End session
          </button>
        )}
      />
      <More pages={pages} />
      {doomed && (
        <Confirm
          title={`End this session of ${doomed.user.username}?`}
          action="End session"
          close={() => setDoomed(undefined)}
          work={() => endSession(doomed.id).then(() => pages.drop(doomed.id))}
        >
          <p>{doomed.current ? "It is the one of this page: you will have to sign in again." : "They are signed out there at once, and have to sign in again."}</p>
        </Confirm>
      )}
    </>
  );
}

export function When({ at }: { at: string }): JSX.Element {
  return (
    <time dateTime={at} title={fullTime(at)}>
      {shortTime(at)}
    </time>
  );
}
