import type { GroupState, Member } from "groupcast-client";

const NOBODY: ReadonlyMap<number, Member> = new Map();

/** The members as far as they are known, by their numbers. */
export function membersOf(state: GroupState): ReadonlyMap<number, Member> {
  return state.members ?? NOBODY;
}

/** What a user is called: as a member, else as what they wrote says. */
export function nameOf(state: GroupState, userId: number): string {
  return membersOf(state).get(userId)?.username ?? state.messages.find(({ user_id }) => user_id === userId)?.username ?? "somebody";
}

/** Whether the user may do in the group what its admins may. */
export function governs(state: GroupState): boolean {
  const role = state.role ?? membersOf(state).get(state.me)?.role;
  return role === "owner" || role === "admin";
}
