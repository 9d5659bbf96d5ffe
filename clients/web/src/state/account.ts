import { effect, signal } from "@preact/signals";
import type { User } from "groupcast-client";

import { askAsMe, isConnected, isTokenMode, me, perSession, session, signOut } from "./session.js";

/** One's account, as the server tells it to oneself. */
export interface Account extends User {
  readonly email: string;
  /** Whether one governs the server; absent for most. */
  readonly is_admin?: boolean;
}

/** A session of one's own. */
export interface OwnSession {
  readonly id: number;
  readonly created_at: string;
  readonly renewed_at: string;
  /** What its program called itself. */
  readonly client: string;
  /** Whether it is the one of this page. */
  readonly current: boolean;
}

/** `undefined` until it is known, and where a name is enough. */
export const account = signal<Account | undefined>(undefined);

/** Asks the server anew. */
export async function lookAtAccount(): Promise<void> {
  const value = session.peek();
  const known = await askAsMe<Account>("GET", "users/me");
  if (session.peek() === value) account.value = known;
}

perSession(() => {
  if (!isTokenMode) return () => undefined;
  const end = effect(() => {
    // Without a connection this comes again with the next one.
    if (isConnected.value) lookAtAccount().catch(() => undefined);
  });
  return () => {
    end();
    account.value = undefined;
  };
});

export async function changeEmail(email: string): Promise<void> {
  account.value = await askAsMe<Account>("PATCH", "users/me", { body: { email } });
}

/** Ends all other sessions, too. */
export async function changePassword(current: string, password: string): Promise<void> {
  await askAsMe("PATCH", "users/me", { body: { current_password: current, password } });
}

export function ownSessions(): Promise<OwnSession[]> {
  return askAsMe("GET", "sessions/");
}

export function endSession(id: number): Promise<unknown> {
  return askAsMe("DELETE", `sessions/${id}`);
}

/** Deletes one's account for good. */
export async function eraseMe(withMessages: boolean): Promise<void> {
  await askAsMe("DELETE", `users/${me().id}`, { query: { messages: withMessages ? "erase" : "keep" } });
  await signOut();
}
