import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { me } from "../../state/session.js";
import { Avatar } from "../../view/avatar.js";
import { Confirm } from "../../view/confirm.js";
import { addressOf } from "../state/at.js";
import { eraseUser, setAdmin } from "../state/deeds.js";
import { usePages } from "../state/pages.js";
import type { UserRow } from "../state/types.js";
import { Head } from "./head.js";
import { More, Narrow } from "./listing.js";
import { Table } from "./table.js";

/** All users. */
export function Users(): JSX.Element {
  const pages = usePages<UserRow>("admin/users/");
  const [asked, setAsked] = useState<{ user: UserRow; deed: "erase" | "rank" } | undefined>(undefined);
  const close = (): void => setAsked(undefined);
  return (
    <>
      <Head title="Users">
        <Narrow label="Search users" narrow={(text) => void pages.begin(text)} />
      </Head>
      <Table
        caption="Users"
        rows={pages.rows.value}
        hasFailed={pages.failure.value !== ""}
        keyOf={({ id }) => id}
        empty="Nobody has a name or an address that begins so."
        columns={[
          { name: "Name", cell: (user) => <Name user={user} /> },
          { name: "E-mail", cell: ({ email }) => <span class="cut">{email}</span> },
          {
            name: "Sessions",
            isNumber: true,
            cell: ({ id, username, sessions }) =>
              sessions === 0 ? "0" : <a href={addressOf("sessions", id)} aria-label={`${sessions} ${sessions === 1 ? "session" : "sessions"} of ${username}`}>{sessions}</a>,
          },
        ]}
        acts={(user) => (
          <>
            <button type="button" class="quiet small" onClick={() => setAsked({ user, deed: "rank" })}>
              {user.is_admin ? "Take admin" : "Make admin"}
            </button>
            <button type="button" class="quiet small grave" onClick={() => setAsked({ user, deed: "erase" })}>
              Erase
            </button>
          </>
        )}
      />
      <More pages={pages} />
      {asked?.deed === "erase" && <Erase user={asked.user} close={close} done={() => pages.drop(asked.user.id)} />}
      {asked?.deed === "rank" && <Rank user={asked.user} close={close} done={() => void pages.begin()} />}
    </>
  );
}

function Name({ user: { id, username, is_admin, online } }: { user: UserRow }): JSX.Element {
  return (
    <span class="named">
      <span class={`presence ${online ? "on" : ""}`}>
        <Avatar name={username} small />
        <span class="unseen">{online ? "online" : "away"} </span>
      </span>
      <span class="cut">{username}</span>
      {is_admin && <span class="role">admin</span>}
      {id === me().id && <span class="faint">you</span>}
    </span>
  );
}

interface AskingProps {
  user: UserRow;
  close: () => void;
  done: () => void;
}

function Erase({ user: { id, username }, close, done }: AskingProps): JSX.Element {
  const [withMessages, setWithMessages] = useState(false);
  return (
    <Confirm title={`Erase ${username}?`} action="Erase" close={close} work={() => eraseUser(id, withMessages).then(done)}>
      <p>Their account is gone for good, and all their sessions end. What they wrote stays under a placeholder.</p>
      <div class="check">
        <input type="checkbox" id="with-messages" checked={withMessages} onChange={({ currentTarget }) => setWithMessages(currentTarget.checked)} />
        <label for="with-messages">Delete their messages, too</label>
      </div>
    </Confirm>
  );
}

function Rank({ user: { id, username, is_admin: isAdmin }, close, done }: AskingProps): JSX.Element {
  return (
    <Confirm
      title={isAdmin ? `Take admin from ${username}?` : `Make ${username} an admin?`}
      action={isAdmin ? "Take admin" : "Make admin"}
      close={close}
      work={() => setAdmin(id, !isAdmin).then(done)}
    >
      <p>{isAdmin ? "They govern this server no more." : "They can do all that you can: read every group, erase users, make keys."}</p>
    </Confirm>
  );
}
