import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { GroupInfo } from "groupcast-client";

import { attempt } from "../../state/notice.js";
import { askAsMe } from "../../state/session.js";
import { Avatar } from "../../view/avatar.js";
import { Confirm } from "../../view/confirm.js";
import { addressOf } from "../state/at.js";
import { ban, kick, mute, unban, unmute } from "../state/deeds.js";
import type { MemberRow, SanctionRow } from "../state/types.js";
import { DeleteGroup, kindOf } from "./groups.js";
import { Head } from "./head.js";
import { Messages } from "./messages.js";
import { Table } from "./table.js";

/** Members that are listed; of a larger group only the first. */
const LISTED_MAX = 500;

interface Known {
  readonly group: GroupInfo;
  readonly members: readonly MemberRow[];
  readonly muted: ReadonlySet<number>;
  readonly banned: readonly SanctionRow[];
}

async function look(id: number): Promise<Known> {
  const path = `groups/${id}`;
  const [group, members, mutes, banned] = await Promise.all([
    askAsMe<GroupInfo>("GET", path),
    askAsMe<MemberRow[]>("GET", `${path}/members/`),
    askAsMe<SanctionRow[]>("GET", `${path}/mutes/`),
    askAsMe<SanctionRow[]>("GET", `${path}/bans/`),
  ]);
  return { group, members, muted: new Set(mutes.map((user) => user.id)), banned };
}

/** One group: who belongs to it, who is kept out, and what is said in it. */
export function Group({ id }: { id: number }): JSX.Element {
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const [failure, setFailure] = useState("");
  const [asked, setAsked] = useState<{ member: MemberRow; deed: "Kick" | "Ban" } | "Delete" | undefined>(undefined);
  const close = (): void => setAsked(undefined);
  const refresh = (): Promise<void> => look(id).then(setKnown, (error: unknown) => setFailure((error as Error).message));
  useEffect(() => void refresh(), [id]);
  const back = (
    <a class="back" href={addressOf("groups")}>
      All groups
    </a>
  );
  if (!known) {
    return (
      <>
        {back}
        <Head title="Group" />
        {failure ? <p class="failure" role="alert">{failure}</p> : <p class="remark">Loading …</p>}
      </>
    );
  }
  const { group, members, muted, banned } = known;
  const name = group.name ?? "";
  const kind = kindOf({ is_private: group.is_private === true, join: group.join ?? "open" });
  return (
    <>
      {back}
      <Head title={name}>
        <span class="role">{kind}</span>
        <button type="button" class="quiet small grave" onClick={() => setAsked("Delete")}>
          Delete
        </button>
      </Head>
      {group.topic && <p class="faint">{group.topic}</p>}
      <h2>Members</h2>
      <Table
        caption="Members"
        rows={members.slice(0, LISTED_MAX)}
        keyOf={(member) => member.id}
        empty="Nobody belongs to this group."
        columns={[
          {
            name: "Name",
            cell: ({ username }) => (
              <span class="named">
                <Avatar name={username} small />
                <span class="cut">{username}</span>
              </span>
            ),
          },
          { name: "Role", cell: (member) => [member.role, muted.has(member.id) && "muted"].filter(Boolean).join(", ") },
        ]}
        acts={(member) => (
          <>
            <button
              type="button"
              class="quiet small"
              onClick={() => void attempt(() => (muted.has(member.id) ? unmute : mute)(id, member.id)).then(refresh)}
            >
              {muted.has(member.id) ? "Unmute" : "Mute"}
            </button>
            <button type="button" class="quiet small" onClick={() => setAsked({ member, deed: "Kick" })}>
              Kick
            </button>
            <button type="button" class="quiet small grave" onClick={() => setAsked({ member, deed: "Ban" })}>
              Ban
            </button>
          </>
        )}
      />
      {members.length > LISTED_MAX && <p class="hint">and {members.length - LISTED_MAX} more</p>}
      {banned.length > 0 && (
        <>
          <h2>Banned</h2>
          <Table
            caption="Banned"
            rows={banned}
            keyOf={(user) => user.id}
            empty=""
            columns={[
              { name: "Name", cell: ({ username }) => <span class="cut">{username}</span> },
              { name: "Reason", cell: ({ reason }) => reason ?? "–" },
            ]}
            acts={(user) => (
              <button type="button" class="quiet small" onClick={() => void attempt(() => unban(id, user.id)).then(refresh)}>
                Unban
              </button>
            )}
          />
        </>
      )}
      <Messages groupId={id} />
      {asked === "Delete" && <DeleteGroup group={{ id, name }} close={close} done={() => (location.hash = addressOf("groups"))} />}
      {asked && asked !== "Delete" && (
        <Confirm
          title={`${asked.deed} ${asked.member.username}?`}
          action={asked.deed}
          close={close}
          work={() => (asked.deed === "Kick" ? kick : ban)(id, asked.member.id).then(refresh)}
        >
          <p>{asked.deed === "Kick" ? "They are taken out of the group, and may come back if it lets them." : "They are taken out of the group, and kept out until the ban is lifted."}</p>
        </Confirm>
      )}
    </>
  );
}
