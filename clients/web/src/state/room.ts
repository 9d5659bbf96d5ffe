import { effect, signal, untracked } from "@preact/signals";
import { ClientError } from "groupcast-client";
import type { GroupState, OpenGroup } from "groupcast-client";

import { refresh } from "./groups.js";
import { tell } from "./notice.js";
import { route } from "./route.js";
import { client, perSession, session } from "./session.js";
import { settle } from "./waiting.js";

/** The group that is shown. */
export interface Room {
  readonly id: number;
  /** `undefined` as long as there is nothing to show. */
  readonly open: OpenGroup | undefined;
  /** Why it can not be read, or not any more. */
  readonly refusal?: string;
}

export const room = signal<Room | undefined>(undefined);

/** The place behind which a line tells that the user has not read further; `undefined` for none. */
export const lineSeq = signal<number | undefined>(undefined);

/** Messages that a first page lists. */
const PAGE = 60;

/** Messages that a page above the first one lists, and one on the way to a message far above. */
const OLDER = 100;
const FAR = 1_000;

/** How a user was removed, as a sentence. */
const REMOVALS: Readonly<Record<string, string>> = {
  left: "You have left this group.",
  kicked: "You were removed from this group.",
  banned: "You were banned from this group.",
  deleted: "This group was deleted.",
};

/** How far the user has read, if the server keeps that. */
function markOf(state: GroupState): number | undefined {
  const seq = state.mark?.seq;
  return Number.isFinite(seq) ? seq : undefined;
}

/** Reads the group and becomes a member of it. */
export async function join(id: number): Promise<void> {
  const isShown = (): boolean => room.peek()?.id === id;
  // What was listed of the group before, however far back that went.
  room.peek()?.open?.state.trim();
  room.value = { id, open: undefined };
  lineSeq.value = undefined;
  try {
    const open = await client().open(id, { page: PAGE });
    if (!isShown()) return;
    const { state } = open;
    if (state.messages.length < PAGE / 2 && state.hasOlder) await open.older(PAGE);
    if (!isShown()) return;
    lineSeq.value = markOf(state);
    room.value = { id, open };
    if (state.role === undefined) void refresh();
    void open.members().catch(() => undefined);
  } catch (error) {
    if (!isShown() || (error instanceof ClientError && error.code === "closed")) return;
    room.value = { id, open: undefined, refusal: refusalOf(error) };
  }
}

/** Lists messages before those that are shown. */
export async function showOlder(): Promise<void> {
  const { open } = room.peek() ?? {};
  if (open?.state.hasOlder && !open.isClosed) await open.older(OLDER).catch(tell);
}

/** Lists all messages down to a place. Returns whether they could be. */
export async function reach(open: OpenGroup, seq: number): Promise<boolean> {
  while (open.state.from > seq && open.state.hasOlder && !open.isClosed) {
    const { from } = open.state;
    await open.older(open.state.from - seq > OLDER ? FAR : OLDER);
    if (open.state.from === from) return false;
  }
  return open.state.from <= seq || !open.state.hasOlder;
}

/** All that is shown has been seen. */
export function seen(): void {
  const { open } = room.peek() ?? {};
  if (!open || open.isClosed) return;
  const { state } = open;
  const mark = markOf(state);
  const last = state.messages.at(-1);
  if (mark === undefined || last === undefined || last.seq <= mark) return;
  // The answer tells how much there is left; where there is none the mark moves with the next one.
  open.markRead(state.seq).catch(() => undefined);
}

/** The user is back: a line shows what came meanwhile. */
function back(): void {
  const { open } = room.peek() ?? {};
  if (document.visibilityState !== "visible" || !open) return;
  if ((open.state.mark?.unread ?? 0) > 0) lineSeq.value = markOf(open.state);
}

function refusalOf(error: unknown): string {
  if (!(error instanceof ClientError)) return String(error);
  if (/banned/.test(error.message)) return "You are banned from this group.";
  switch (error.code) {
    case "not_found":
      return "There is no such group, or you were not invited.";
    case "group_full":
      return "This is a private group and is already full.";
    case "removed":
      return REMOVALS[error.reason ?? ""] ?? "You are not a member of this group.";
    default:
      return error.message.charAt(0).toUpperCase() + error.message.slice(1);
  }
}

perSession(({ client: theirs }) => {
  document.addEventListener("visibilitychange", back);
  const ends = [
    effect(() => {
      const { groupId } = route.value;
      untracked(() => {
        if (groupId === room.peek()?.id) return;
        if (groupId === undefined) room.value = undefined;
        else void join(groupId);
      });
    }),
    theirs.on("removed", ({ group_id, reason }) => {
      if (room.peek()?.id === group_id) room.value = { id: group_id, open: undefined, refusal: REMOVALS[reason] ?? reason };
      void refresh();
    }),
    theirs.on("entry", ({ group_id, seq }) => {
      // Behind the state, which hears of the entry in the same turn.
      if (session.peek()) setTimeout(() => settle(group_id, seq), 0);
    }),
  ];
  return () => {
    document.removeEventListener("visibilitychange", back);
    for (const end of ends) end();
    room.value = undefined;
    lineSeq.value = undefined;
  };
});
