import { computed, effect, signal } from "@preact/signals";
import type { GroupInfo, OwnGroupState } from "groupcast-client";

import { tell } from "./notice.js";
import { askAsMe, isConnected, me, perSession, session } from "./session.js";
import { Failure } from "./rest.js";
import { go, addressOf } from "./route.js";

/** The groups that the user belongs to, those with the newest messages first. */
export const ownGroups = signal<readonly OwnGroupState[]>([]);

/** All groups that the user may see. */
const visible = signal<readonly GroupInfo[]>([]);

/** Whether the server has told of the groups. */
export const areKnown = signal(false);

/** The groups that the user may join. */
export const joinable = computed(() => {
  const own = new Set(ownGroups.value.map(({ group }) => group.id));
  return visible.value.filter(({ id, is_private }) => !is_private && !own.has(id));
});

/** With whom each private chat is, by the group's number. */
const partners = signal<ReadonlyMap<number, string>>(new Map());

/** A private chat of two people has a name that nobody chose. */
const UNNAMED = /^private_[0-9a-f]{8}$/;

/** How often the server is asked for new groups that one may join, in milliseconds; more seldom where there are very many. */
const REFRESH_MS = 10_000;
const REFRESH_MANY_MS = 60_000;
const MANY = 200;

/** As many groups as the page lists of those that may be joined. */
const LISTED_MAX = 1_000;

/** A group's name, for people. */
export function titleOf(group: { id?: number; name?: string }): string {
  const name = group.name ?? "";
  return UNNAMED.test(name) ? (partners.value.get(group.id ?? 0) ?? "Private chat") : name;
}

/** What is known of a group, whether the user belongs to it or not. */
export function groupOf(id: number): Partial<GroupInfo> | undefined {
  return ownGroups.value.find(({ group }) => group.id === id)?.group ?? visible.value.find((group) => group.id === id);
}

/** Makes a group and shows it. */
export async function createGroup(name: string, isPrivate: boolean): Promise<void> {
  const { id } = await askAsMe<GroupInfo>("POST", "groups/", { body: { name, is_private: isPrivate } });
  go(addressOf(id));
  await refresh();
}

/** Asks the server for all groups anew. */
export async function refresh(): Promise<void> {
  const own = session.peek()?.client.groups.refresh().catch(() => undefined);
  await Promise.all([refreshVisible(), own]);
}

let askedAt = 0;

async function refreshVisible(): Promise<void> {
  const value = session.peek();
  if (!value) return;
  askedAt = Date.now();
  try {
    const groups = await askAsMe<GroupInfo[]>("GET", "groups/", { query: { limit: LISTED_MAX } });
    if (session.peek() !== value) return;
    // A private group that comes into sight was made elsewhere, for oneself most likely.
    const known = new Set([...ownGroups.peek().map(({ group }) => group.id), ...visible.peek().map(({ id }) => id)]);
    if (groups.some(({ id, is_private }) => is_private && !known.has(id))) void value.client.groups.refresh().catch(() => undefined);
    visible.value = groups;
    areKnown.value = true;
  } catch (error) {
    // Without a connection this comes again with the next one.
    if (!areKnown.peek() && error instanceof Failure && error.status > 0) tell(error);
  }
}

perSession(({ client }) => {
  const update = (): void => {
    ownGroups.value = client.groups.all;
    for (const { group } of client.groups.all) {
      if (UNNAMED.test(group.name ?? "") && !partners.peek().has(group.id)) void findPartner(group.id);
    }
  };
  const ends = [client.groups.subscribe(update)];
  let isFollowed = false;
  ends.push(
    effect(() => {
      if (!isConnected.value) return;
      if (isFollowed) {
        void refresh();
        return;
      }
      isFollowed = true;
      client.groups.follow().then(() => refresh(), () => {
        isFollowed = false;
      });
    }),
  );
  const timer = setInterval(() => {
    const isDue = visible.peek().length < MANY || Date.now() - askedAt > REFRESH_MANY_MS;
    if (isDue && isConnected.peek() && document.visibilityState === "visible") void refreshVisible();
  }, REFRESH_MS);
  return () => {
    for (const end of ends) end();
    clearInterval(timer);
    ownGroups.value = [];
    visible.value = [];
    partners.value = new Map();
    areKnown.value = false;
  };
});

async function findPartner(groupId: number): Promise<void> {
  // At once, so that nobody asks twice.
  partners.value = new Map(partners.peek()).set(groupId, "Private chat");
  const members = await askAsMe<{ id: number; username: string }[]>("GET", `groups/${groupId}/members/`).catch(() => []);
  if (!session.peek()) return;
  const other = members.find(({ id }) => id !== me().id);
  if (other) partners.value = new Map(partners.peek()).set(groupId, other.username);
}
