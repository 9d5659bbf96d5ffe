import type { Found, GroupInfo, Member, OwnGroup } from "./api-types.js";
import type { GroupId, LogEntry, Message } from "./entries.js";
import type { Rest } from "./rest.js";

/** Which messages are listed. */
export interface MessagesQuery {
  groupId?: GroupId;
  /** The message with which a thread begins, that is listed first. */
  threadId?: number;
  /** Only those of this user. */
  userId?: number;
  /** Only those behind this place, of the group. */
  afterSeq?: number;
  /** Only those before this place of the group: the newest of them, unless there is `afterSeq`. */
  beforeSeq?: number;
  /** How many are left out. */
  skip?: number;
  /** 100 by default. */
  limit?: number;
}

/** What is searched for. */
export interface SearchQuery {
  /** Words in any order, `"a phrase"`, `prefix*`. */
  q: string;
  groupId?: GroupId;
  /** Only messages of this user. */
  fromId?: number;
  /** Only messages before the one with this `id`: the next page begins before the last that was found. */
  beforeId?: number;
  /** 20 by default, at most 100. */
  limit?: number;
}

/** Who asks. */
export interface ApiUser {
  /** A token to be shown, if there is one. */
  token(): Promise<string | undefined>;
  /** The user's number; may take until there was a connection. */
  id(): Promise<number>;
}

/** Questions to the REST interface, as the client's user. They reject with a `ClientError`; those with `retry` may succeed later. */
export class Api {
  readonly #rest: () => Rest;
  readonly #user: ApiUser;

  /** Made by `Client`, as `client.api`. */
  constructor(rest: () => Rest, user: ApiUser) {
    this.#rest = rest;
    this.#user = user;
  }

  /** The groups that the user belongs to, with marks and newest messages; those with the newest messages first. */
  async ownGroups(): Promise<OwnGroup[]> {
    const user_id = await this.#user.id();
    return this.#get(`users/${user_id}/groups/`, { user_id });
  }

  /** The groups that the user may see, in ascending order of `id`. */
  groups(query: { skip?: number; limit?: number } = {}): Promise<GroupInfo[]> {
    return this.#get("groups/", { ...query });
  }

  /** One group. */
  group(groupId: GroupId): Promise<GroupInfo> {
    return this.#get(`groups/${groupId}`);
  }

  /** All members of a group. */
  members(groupId: GroupId): Promise<Member[]> {
    return this.#get(`groups/${groupId}/members/`);
  }

  /** Messages with all that stands beside them, in ascending order. */
  messages(query: MessagesQuery = {}): Promise<Message[]> {
    const { groupId: group_id, threadId: thread_id, userId: user_id, afterSeq: after_seq, beforeSeq: before_seq, ...page } = query;
    return this.#get("messages/", { group_id, thread_id, user_id, after_seq, before_seq, ...page });
  }

  /** A thread: the message with which it begins, then the answers. */
  thread(messageId: number, query: { skip?: number; limit?: number } = {}): Promise<Message[]> {
    return this.messages({ threadId: messageId, ...query });
  }

  /** One message. */
  message(messageId: number): Promise<Message> {
    return this.#get(`messages/${messageId}`);
  }

  /** Entries of a group's log behind a place, in ascending order; fewer than `limit` (100, at most 1,000) are the last for now. */
  log(groupId: GroupId, { afterSeq: after_seq, limit }: { afterSeq?: number; limit?: number } = {}): Promise<LogEntry[]> {
    return this.#get(`groups/${groupId}/log/`, { after_seq, limit });
  }

  /** Messages of the user's groups, newest first, and where in them it was found: see `splitHighlights`. */
  async search({ q, groupId: group_id, fromId: from_id, beforeId: before_id, limit }: SearchQuery): Promise<Found[]> {
    return this.#get("search/", { q, group_id, from_id, before_id, limit, user_id: await this.#user.id() });
  }

  async #get<T>(path: string, query: Record<string, string | number | undefined> = {}): Promise<T> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    const token = await this.#user.token();
    return (await this.#rest().get(parameters === "" ? path : `${path}?${parameters}`, token)) as T;
  }
}
