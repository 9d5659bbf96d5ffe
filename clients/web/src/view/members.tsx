import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Member } from "groupcast-client";

import { chatWith } from "../state/directory.js";
import { governs, membersOf } from "../state/members.js";
import { ban, kick, leave, mute, put, unban, unmute } from "../state/moderation.js";
import { attempt } from "../state/notice.js";
import { online } from "../state/people.js";
import type { Room } from "../state/room.js";
import { goHome } from "../state/route.js";
import { sanctions } from "../state/sanctions.js";
import type { Sanctions } from "../state/sanctions.js";
import { isConnected, session } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { useChanges } from "./changes.js";
import { Icon } from "./icon.js";
import { panel } from "./panel.js";
import { PeopleField } from "./people-field.js";

const RANKS: Readonly<Record<string, number>> = { owner: 0, admin: 1 };

const NO_SANCTIONS: Pick<Sanctions, "muted" | "banned"> = { muted: new Set(), banned: [] };

/** Members that are listed; in a larger group only the first. */
const LISTED_MAX = 500;

/** Who belongs to the group, who is online, and what may be done about it. */
export function Members({ shown }: { shown: Room & { open: NonNullable<Room["open"]> } }): JSX.Element {
  const { id, open } = shown;
  const { state } = open;
  const { me } = session.value!;
  useChanges(state);
  const [isAdding, setAdding] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const { muted, banned } = sanctions.value?.groupId === id ? sanctions.value : NO_SANCTIONS;
  const there = online.value?.groupId === id ? online.value : undefined;
  const isOnline = (userId: number): boolean => (userId === me.id ? isConnected.value : (there?.ids.has(userId) ?? false));
  const rank = (member: Member): number => (isOnline(member.id) ? 0 : 10) + (RANKS[member.role] ?? 2);
  const known = membersOf(state);
  const members = [...known.values()].sort((one, other) => rank(one) - rank(other) || one.username.localeCompare(other.username));
  const myRole = state.role ?? known.get(me.id)?.role;
  return (
    <aside class="panel members" aria-label="Members">
      <header class="panel-head">
        <h2>
          Members <span class="faint">{members.length}</span>
        </h2>
        {there && <span class="faint">{Math.max(there.count, 1)} online</span>}
        <button type="button" class="action narrow-only" aria-label="Close list" onClick={() => (panel.value = { kind: "none" })}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body" tabIndex={0} role="group" aria-label="List of members">
        <ul class="people">
          {members.slice(0, LISTED_MAX).map((member) => (
            <Person
              key={member.id}
              groupId={id}
              member={member}
              isOnline={isOnline(member.id)}
              isMe={member.id === me.id}
              isMuted={muted.has(member.id)}
              myRole={myRole}
            />
          ))}
        </ul>
        {banned.length > 0 && (
          <>
            <p class="nav-title" id="banned">
              Banned
            </p>
            <ul class="people" aria-labelledby="banned">
              {banned.map(({ id: userId, username }) => (
                <li key={userId} class="person-row">
                  <Avatar name={username} small />
                  <span class="cut">{username}</span>
                  <button type="button" class="quiet small" onClick={() => void attempt(() => unban(id, userId))}>
                    Unban
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
        {members.length > LISTED_MAX && <p class="hint">and {members.length - LISTED_MAX} more</p>}
      </div>
      <footer class="panel-foot">
        {isAdding && (
          <PeopleField
            label="Add a person"
            without={new Set(known.keys())}
            pick={({ id: userId }) => {
              setAdding(false);
              void attempt(() => put(id, userId));
            }}
          />
        )}
        {governs(state) && !isAdding && (
          <button type="button" class="quiet" onClick={() => setAdding(true)}>
            <Icon name="add" /> Add a person
          </button>
        )}
        {isLeaving ? (
          <div class="dialog-foot">
            <button type="button" class="quiet" onClick={() => setLeaving(false)}>
              Stay
            </button>
            <button
              type="button"
              class="primary"
              ref={(leaving) => leaving?.focus()}
              onClick={() =>
                void attempt(async () => {
                  await leave(id, me.id);
                  goHome();
                })
              }
            >
              Leave
            </button>
          </div>
        ) : (
          <button type="button" class="quiet" onClick={() => setLeaving(true)}>
            <Icon name="leave" /> Leave group
          </button>
        )}
      </footer>
    </aside>
  );
}

interface PersonProps {
  groupId: number;
  member: Member;
  isOnline: boolean;
  isMe: boolean;
  isMuted: boolean;
  myRole: string | undefined;
}

function Person({ groupId, member: { id, username, role }, isOnline, isMe, isMuted, myRole }: PersonProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const mayAct = !isMe && role !== "owner" && (myRole === "owner" || (myRole === "admin" && role === "member"));
  const act = (label: string, work: () => Promise<unknown>): JSX.Element => (
    <button
      type="button"
      class="quiet small"
      onClick={() => {
        setOpen(false);
        void attempt(work);
      }}
    >
      {label}
    </button>
  );
  return (
    <li>
      <div class="person-row">
        <span class={`presence ${isOnline ? "on" : ""}`}>
          <Avatar name={username} small />
          <span class="unseen">{isOnline ? "online" : "away"}</span>
        </span>
        <span class="cut">
          {username}
          {isMe && <span class="faint"> (you)</span>}
        </span>
        {isMuted && <span class="role">muted</span>}
        {role !== "member" && <span class="role">{role}</span>}
        {!isMe && (
          <button type="button" class="action" aria-label={`More about ${username}`} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
            <Icon name="more" />
          </button>
        )}
      </div>
      {isOpen && (
        <div class="person-acts">
          {act("Private chat", () => chatWith(username))}
          {mayAct && (isMuted ? act("Unmute", () => unmute(groupId, id)) : act("Mute", () => mute(groupId, id)))}
          {mayAct && act("Kick", () => kick(groupId, id))}
          {mayAct && act("Ban", () => ban(groupId, id))}
          {myRole === "owner" && role === "member" && act("Make admin", () => put(groupId, id, "admin"))}
          {myRole === "owner" && role === "admin" && act("Make member", () => put(groupId, id, "member"))}
        </div>
      )}
    </li>
  );
}
