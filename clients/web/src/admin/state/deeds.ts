import type { User } from "groupcast-client";

import { ask } from "../../state/rest.js";
import { askAsMe, session, signIn, signOut } from "../../state/session.js";
import { setupSecret } from "./at.js";
import type { KeyRow } from "./types.js";

/** What admins do. */

export function setAdmin(userId: number, isAdmin: boolean): Promise<unknown> {
  return askAsMe("PATCH", `admin/users/${userId}`, { body: { is_admin: isAdmin } });
}

export function eraseUser(userId: number, withMessages: boolean): Promise<unknown> {
  return askAsMe("DELETE", `users/${userId}`, { query: { messages: withMessages ? "erase" : "keep" } });
}

export function deleteGroup(groupId: number): Promise<unknown> {
  return askAsMe("DELETE", `groups/${groupId}`);
}

export function deleteMessage(messageId: number): Promise<unknown> {
  return askAsMe("DELETE", `messages/${messageId}`);
}

export function kick(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("DELETE", `groups/${groupId}/members/${userId}`);
}

export function ban(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("PUT", `groups/${groupId}/bans/${userId}`, { body: {} });
}

export function unban(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("DELETE", `groups/${groupId}/bans/${userId}`);
}

export function mute(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("PUT", `groups/${groupId}/mutes/${userId}`, { body: {} });
}

export function unmute(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("DELETE", `groups/${groupId}/mutes/${userId}`);
}

export function endSession(sessionId: number): Promise<unknown> {
  return askAsMe("DELETE", `admin/sessions/${sessionId}`);
}

export function revokeKey(name: string): Promise<unknown> {
  return askAsMe("DELETE", `admin/keys/${encodeURIComponent(name)}`);
}

/** Makes a key and returns its secret, which nobody tells again. A key that acts as a user names them. */
export async function makeKey(name: string, scope: string, as: string, username: string): Promise<string> {
  let userId: number | undefined;
  if (as === "user") {
    // The name itself comes before all that begin with it.
    const found = await askAsMe<User[]>("GET", "search/users/", { query: { q: username, limit: 100 } });
    userId = found.find((user) => user.username === username)?.id;
    if (userId === undefined) throw new Error(`There is nobody named “${username}”.`);
  }
  const body = { name, scope, as, ...(userId !== undefined && { user_id: userId }) };
  const { key } = await askAsMe<KeyRow & { key: string }>("POST", "admin/keys/", { body });
  return key;
}

/** Makes the first admin, and comes in as them. */
export async function setUp(token: string, username: string, email: string, password: string): Promise<void> {
  await ask("POST", "setup/", { body: { token, username, email, password } });
  setupSecret.value = undefined;
  if (session.peek()) await signOut();
  await signIn(username, password);
}
