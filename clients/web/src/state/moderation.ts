import type { GroupInfo } from "groupcast-client";

import { refresh } from "./groups.js";
import { room } from "./room.js";
import { askAsMe } from "./session.js";

/** What those may do who govern a group. What they did comes back as entries of the group's log. */

const ofGroup = (groupId: number): string => `groups/${groupId}`;

export function kick(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("DELETE", `${ofGroup(groupId)}/members/${userId}`);
}

export function ban(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("PUT", `${ofGroup(groupId)}/bans/${userId}`, { body: {} });
}

export function unban(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("DELETE", `${ofGroup(groupId)}/bans/${userId}`);
}

export function mute(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("PUT", `${ofGroup(groupId)}/mutes/${userId}`, { body: {} });
}

export function unmute(groupId: number, userId: number): Promise<unknown> {
  return askAsMe("DELETE", `${ofGroup(groupId)}/mutes/${userId}`);
}

/** Adds somebody, or gives a member another role. */
export async function put(groupId: number, userId: number, role?: "admin" | "member"): Promise<void> {
  await askAsMe("PUT", `${ofGroup(groupId)}/members/${userId}`, { body: role ? { role } : {} });
  await room.peek()?.open?.members();
}

/** Leaves a group. */
export async function leave(groupId: number, userId: number): Promise<void> {
  await askAsMe("DELETE", `${ofGroup(groupId)}/members/${userId}`);
  await refresh();
}

export function changeGroup(groupId: number, change: { name?: string; topic?: string; join?: string }): Promise<GroupInfo> {
  return askAsMe("PATCH", ofGroup(groupId), { body: change });
}
