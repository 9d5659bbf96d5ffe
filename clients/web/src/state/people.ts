import { effect, signal, untracked } from "@preact/signals";

import { room } from "./room.js";
import { client, isConnected, perSession, session } from "./session.js";

/** Who is online in the group that is shown. */
export interface Online {
  readonly groupId: number;
  readonly count: number;
  /** In large groups only the number is told. */
  readonly ids: ReadonlySet<number>;
}

export const online = signal<Online | undefined>(undefined);

/** Who types, by the group's number and then the user's. */
const typists = signal<ReadonlyMap<string, { groupId: number; username: string; until: number }>>(new Map());

/** How long somebody types who does not say so again, in milliseconds. */
const TYPING_MS = 6_000;

/** How often the others are told that the user types, in milliseconds. */
const TELL_MS = 3_000;

/** The names of those who type in a group. */
export function typing(groupId: number): string[] {
  return [...typists.value.values()].filter((one) => one.groupId === groupId).map(({ username }) => username);
}

let toldAt = 0;

/** Tells the others that the user types, or does not any more. */
export function tellTyping(groupId: number, isTyping: boolean): void {
  if (!session.peek() || (isTyping && Date.now() - toldAt < TELL_MS) || (!isTyping && toldAt === 0)) return;
  toldAt = isTyping ? Date.now() : 0;
  client().typing(groupId, isTyping);
}

function stopTyping(groupId: number, userId: number): void {
  const key = `${groupId} ${userId}`;
  if (!typists.peek().has(key)) return;
  const next = new Map(typists.peek());
  next.delete(key);
  typists.value = next;
}

function changeOnline(groupId: number, change: (ids: Set<number>) => void): void {
  const value = online.peek();
  if (value?.groupId !== groupId) return;
  const ids = new Set(value.ids);
  change(ids);
  online.value = { ...value, ids, count: Math.max(ids.size, value.count + ids.size - value.ids.size) };
}

perSession(({ client: theirs, me }) => {
  const ends = [
    theirs.on("typing", ({ group_id: groupId, user_id, username, on }) => {
      if (user_id === me.id) return;
      if (!on) {
        stopTyping(groupId, user_id);
        return;
      }
      typists.value = new Map(typists.peek()).set(`${groupId} ${user_id}`, { groupId, username, until: Date.now() + TYPING_MS });
    }),
    theirs.on("message", ({ group_id, user_id }) => stopTyping(group_id, user_id)),
    theirs.on("joined", ({ group_id, user_id }) => changeOnline(group_id, (ids) => ids.add(user_id))),
    theirs.on("left", ({ group_id, user_id }) => {
      changeOnline(group_id, (ids) => ids.delete(user_id));
      stopTyping(group_id, user_id);
    }),
    theirs.on("presence", ({ group_id: groupId, online: count }) => {
      if (online.peek()?.groupId === groupId) online.value = { groupId, count, ids: new Set() };
    }),
    effect(() => {
      const { id, open } = room.value ?? {};
      const isNow = isConnected.value;
      untracked(() => {
        if (id !== online.peek()?.groupId) online.value = undefined;
        if (!open || !isNow || id === undefined) return;
        open.subscription.presence().then(({ online: count, users = [] }) => {
          if (room.peek()?.id === id) online.value = { groupId: id, count, ids: new Set(users.map((user) => user.id)) };
        }, () => undefined);
      });
    }),
  ];
  const timer = setInterval(() => {
    const now = Date.now();
    const left = [...typists.peek()].filter(([, { until }]) => until > now);
    if (left.length < typists.peek().size) typists.value = new Map(left);
  }, 1_000);
  return () => {
    for (const end of ends) end();
    clearInterval(timer);
    online.value = undefined;
    typists.value = new Map();
  };
});
