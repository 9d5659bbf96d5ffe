import { signal } from "@preact/signals";

import { attempt } from "./notice.js";
import { client, perSession } from "./session.js";

/** The messages that are deleted in a moment, unless that is undone. */
export const going = signal<ReadonlySet<number>>(new Set());

/** How long there is for that, in milliseconds. */
const UNDO_MS = 3_000;

const timers = new Map<number, { timer: ReturnType<typeof setTimeout>; groupId: number }>();

/** Deletes a message in a moment. */
export function remove(groupId: number, messageId: number): void {
  if (timers.has(messageId)) return;
  going.value = new Set(going.peek()).add(messageId);
  timers.set(messageId, { groupId, timer: setTimeout(() => void finish(messageId), UNDO_MS) });
}

/** Keeps it. */
export function keep(messageId: number): void {
  clearTimeout(timers.get(messageId)?.timer);
  timers.delete(messageId);
  const left = new Set(going.peek());
  left.delete(messageId);
  going.value = left;
}

async function finish(messageId: number): Promise<void> {
  const { groupId, timer } = timers.get(messageId) ?? {};
  if (groupId === undefined) return;
  clearTimeout(timer);
  timers.delete(messageId);
  await attempt(() => client().deleteMessage(groupId, messageId));
  keep(messageId);
}

// Who leaves the page does not want it back.
addEventListener("pagehide", () => {
  for (const messageId of [...timers.keys()]) void finish(messageId);
});

perSession(() => () => {
  for (const { timer } of timers.values()) clearTimeout(timer);
  timers.clear();
  going.value = new Set();
});
