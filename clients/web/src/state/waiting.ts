import { signal } from "@preact/signals";
import { ClientError } from "groupcast-client";

import { keepWaiting, keptWaiting } from "./kept.js";
import { perSession, session } from "./session.js";

/** A message that was sent and is not stored yet. */
export interface Waiting {
  readonly clientId: string;
  readonly groupId: number;
  readonly content: string;
  readonly replyTo?: number;
  /** RFC 3339. */
  readonly at: string;
  /** Why the server does not take it. */
  readonly refusal?: string;
  /** It is stored, at this place; it is shown until the entry itself is. */
  readonly seq?: number;
}

/** All messages that wait, in the order in which they were sent. They outlive a reload. */
export const waiting = signal<readonly Waiting[]>([]);

/** Sends a message, now or as soon as there is a connection. */
export function send(groupId: number, content: string, replyTo: number | undefined): void {
  const clientId = crypto.randomUUID ? crypto.randomUUID() : fallbackId();
  const message: Waiting = { clientId, groupId, content, at: new Date().toISOString(), ...(replyTo !== undefined && { replyTo }) };
  set([...waiting.peek(), message]);
  dispatch(message);
}

/** Sends a message again that was refused. */
export function retry(clientId: string): void {
  const message = waiting.peek().find((one) => one.clientId === clientId);
  if (!message) return;
  const { refusal: _, ...again } = message;
  change(clientId, () => again);
  dispatch(again);
}

/** Forgets a message that was refused. */
export function discard(clientId: string): void {
  change(clientId, () => undefined);
}

/** Those whose entries have been read are shown as what they are. */
export function settle(groupId: number, seq: number): void {
  const left = waiting.peek().filter((one) => one.groupId !== groupId || one.seq === undefined || one.seq > seq);
  if (left.length < waiting.peek().length) set(left);
}

function dispatch({ groupId, content, clientId, replyTo }: Waiting): void {
  const value = session.peek();
  if (!value) return;
  value.client.send(groupId, content, { clientId, ...(replyTo !== undefined && { replyTo }) }).then(
    ({ seq }) => {
      const open = value.client.groups.all.find(({ group }) => group.id === groupId)?.open;
      // The entry mostly comes before its acknowledgement.
      change(clientId, (message) => (open && open.state.seq < seq ? { ...message, seq } : undefined));
    },
    (error: unknown) => {
      if (error instanceof ClientError && error.code === "closed") return;
      const refusal = error instanceof Error ? error.message : String(error);
      change(clientId, (message) => ({ ...message, refusal }));
    },
  );
}

function change(clientId: string, to: (message: Waiting) => Waiting | undefined): void {
  set(waiting.peek().flatMap((one) => (one.clientId === clientId ? (to(one) ?? []) : one)));
}

function set(messages: readonly Waiting[]): void {
  const left = messages.filter(({ seq }) => seq === undefined);
  const gone = new Set(waiting.peek().map(({ clientId }) => clientId));
  waiting.value = messages;
  const value = session.peek();
  if (value) keepWaiting(value.me.id, left, gone);
}

/** Pages that come neither over HTTPS nor from this machine have no `randomUUID`. */
function fallbackId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

perSession(({ me }) => {
  waiting.value = keptWaiting<Waiting>(me.id);
  for (const message of waiting.peek()) {
    if (message.refusal === undefined) dispatch(message);
  }
  return () => {
    waiting.value = [];
  };
});
