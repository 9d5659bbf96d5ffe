import { effect, signal, untracked } from "@preact/signals";
import type { User } from "groupcast-client";

import { governs } from "./members.js";
import { room } from "./room.js";
import { askAsMe, isConnected, perSession } from "./session.js";

/** Who is muted in the group that is shown, and who is banned from it; told to its admins alone. */
export interface Sanctions {
  readonly groupId: number;
  readonly muted: ReadonlySet<number>;
  readonly banned: readonly User[];
}

export const sanctions = signal<Sanctions | undefined>(undefined);

/** Asks the server, if the user may know. */
async function look(): Promise<void> {
  const { id, open } = room.peek() ?? {};
  if (id === undefined || !open || !governs(open.state)) {
    sanctions.value = undefined;
    return;
  }
  const list = (kind: "bans" | "mutes"): Promise<User[]> => askAsMe<User[]>("GET", `groups/${id}/${kind}/`).catch(() => []);
  const [banned, muted] = await Promise.all([list("bans"), list("mutes")]);
  if (room.peek()?.id === id) sanctions.value = { groupId: id, banned, muted: new Set(muted.map((user) => user.id)) };
}

perSession(({ client }) => {
  const ends = [
    client.on("member", ({ group_id }) => {
      if (group_id === room.peek()?.id) void look();
    }),
    effect(() => {
      if (isConnected.value && room.value) untracked(() => void look());
    }),
  ];
  return () => {
    for (const end of ends) end();
    sanctions.value = undefined;
  };
});
