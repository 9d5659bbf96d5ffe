/** The frames of the subprotocol `chat.v1.json`, as they are on the wire. */

import type { EphemeralMessage, GroupId, LogEntry, Message, User } from "./entries.js";

/** The subprotocol that chooses JSON mode. */
export const SUBPROTOCOL = "chat.v1.json";

/** A group. */
export interface Group {
  id: GroupId;
  name: string;
  /** Whether it has at most two members. */
  is_private: boolean;
}

/** What the server allows. */
export interface Limits {
  /** Longest content of a message, in bytes of UTF-8. */
  content_bytes: number;
  /** Longest frame, in bytes. */
  frame_bytes: number;
  /** Groups that one socket may be subscribed to. */
  groups: number;
}

/** The answer to `hello`. */
export interface Welcome {
  connection_id: string;
  user: User;
  /** The server lets a silent peer live for twice this long, in milliseconds. */
  heartbeat_ms: number;
  limits: Limits;
}

/** The answer to `subscribe`. */
export interface Subscribed {
  group: Group;
  group_id: GroupId;
  /** Changes when stored messages were lost. */
  epoch: string;
  /** The place of the newest entry of the log, 0 if there is none. */
  head_seq: number;
  /** The place of the oldest entry that is kept, if the beginning of the log is not. */
  first_seq?: number;
  /** The place behind which messages follow. */
  after: number;
}

/** The answer to `send`, `edit`, `delete` and `react`. */
export interface Ack {
  /** The message, or the one that the change is about. */
  message_id: number;
  group_id: GroupId;
  /** The place of the entry in the group's log. */
  seq: number;
  created_at: string;
  client_id?: string;
  /** Whether it was stored before, or changes nothing; these are then the numbers of the entry that did it. */
  duplicate: boolean;
}

/** The answer to `history`, in ascending `seq`. */
export interface History {
  group_id: GroupId;
  messages: Message[];
  /** Whether there are more beyond this page. */
  more: boolean;
}

/** How far the user has read a group. */
export interface OwnMark {
  /** The place up to which it was read. */
  seq: number;
  /** Messages of others behind that, without deleted ones; 1,000 stands for more, too. */
  unread: number;
  /** Those of them that mention the user; 1,000 stands for more, too. */
  mentions: number;
  /** Whether one of the counts has reached its bound. */
  capped: boolean;
}

/** The answer to `read`. */
export interface ReadAnswer extends Omit<OwnMark, "capped"> {
  group_id: GroupId;
  capped?: boolean;
}

/** A user has read a group up to a place. */
export interface ReadMark {
  group_id: GroupId;
  user_id: number;
  seq: number;
}

/** The answer to `refresh`. */
export interface Refreshed {
  /** How long the new token lasts, in seconds. */
  expires_in: number;
}

/** The token that a socket was shown ends soon. */
export interface Expiring {
  in_ms: number;
}

/** Somebody else has made the user a member of a group, which need not be read. */
export interface Added {
  group: Group;
  role: "owner" | "admin" | "member";
}

/** How a user ceased to be a member of a group. */
export type RemovalReason = "left" | "kicked" | "banned" | "deleted";

/** A group is not read any more; with a reason, because the user is no longer a member or the group is gone. */
export interface Unsubscribed {
  group_id: GroupId;
  reason?: RemovalReason;
}

/** Who is online in a group. */
export interface Presence {
  group_id: GroupId;
  online: number;
  /** Absent if the group is large. */
  users?: User[];
}

/** A user came to a group or left it. */
export interface Movement {
  group_id: GroupId;
  user_id: number;
  username: string;
}

/** A user types, or has stopped. */
export interface Typing extends Movement {
  on: boolean;
}

/** A place in a group that has a meaning: behind a lag, or at the end of a replay. */
export interface Place {
  group_id: GroupId;
  seq: number;
}

/** Why a request failed. */
export type ErrorCode =
  | "bad_frame"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "not_subscribed"
  | "group_full"
  | "too_large"
  | "rate_limited"
  | "unavailable"
  | "internal";

/** A request failed, or something else did. */
export interface ErrorFrame {
  code: ErrorCode;
  message: string;
  group_id?: GroupId;
  /** Whether the same request may succeed later. */
  retry: boolean;
  retry_after_ms?: number;
}

/** The server is about to close the socket. */
export interface Closing {
  reason: string;
  reconnect_in_ms: number;
}

/** What answers requests. In other frames an `id` is their own: that of a message is the message's number. */
const ANSWERS: ReadonlySet<string> = new Set([
  "welcome",
  "subscribed",
  "unsubscribed",
  "ack",
  "history",
  "presence",
  "pong",
  "refreshed",
  "read",
  "error",
]);

/** The name of a request, which its answer repeats. */
export type RequestId = number;

type Answer<T extends string, Fields> = { type: T; id?: RequestId } & Fields;
type Event<T extends string, Fields> = { type: T } & Fields;

/** What the server sends. */
export type ServerFrame =
  | Answer<"welcome", Welcome>
  | Answer<"subscribed", Subscribed>
  | Answer<"unsubscribed", Unsubscribed>
  | Answer<"ack", Ack>
  | Answer<"history", History>
  | Answer<"presence", Presence>
  | Answer<"pong", object>
  | Answer<"refreshed", Refreshed>
  | Answer<"read", ReadAnswer>
  | Answer<"error", ErrorFrame>
  | LogEntry
  | Event<"message", EphemeralMessage>
  | Event<"read", ReadMark>
  | Event<"caught_up", Place>
  | Event<"joined", Movement>
  | Event<"left", Movement>
  | Event<"typing", Typing>
  | Event<"lagged", Place>
  | Event<"added", Added>
  | Event<"expiring", Expiring>
  | Event<"closing", Closing>;

/** Which page of a group's messages: the newest one without `before` and `after`. */
export interface HistoryQuery {
  before?: number;
  after?: number;
  /** 100 by default, at most 1,000. */
  limit?: number;
}

/** What the client asks; the connection adds the `id`. */
export type Request =
  | { type: "hello"; username?: string; token?: string }
  | { type: "refresh"; token: string }
  | { type: "subscribe"; group_id?: GroupId; group?: string; after?: number }
  | { type: "unsubscribe"; group_id: GroupId }
  | { type: "send"; group_id: GroupId; content: string; client_id?: string; reply_to?: number; ephemeral?: boolean }
  | { type: "edit"; group_id: GroupId; message_id: number; content: string; client_id: string }
  | { type: "delete"; group_id: GroupId; message_id: number }
  | { type: "react"; group_id: GroupId; message_id: number; emoji: string; on: boolean }
  | { type: "read"; group_id: GroupId; seq: number }
  | { type: "typing"; group_id: GroupId; on: boolean }
  | ({ type: "history"; group_id: GroupId } & HistoryQuery)
  | { type: "presence"; group_id: GroupId }
  | { type: "ping" };

/** What answers each request, unless an `error` does. */
export interface Answers {
  hello: Welcome;
  refresh: Refreshed;
  subscribe: Subscribed;
  unsubscribe: Unsubscribed;
  send: Ack;
  edit: Ack;
  delete: Ack;
  react: Ack;
  read: ReadAnswer;
  typing: never;
  history: History;
  presence: Presence;
  ping: object;
}

/** The name of the request that a frame answers. */
export function requestOf(frame: ServerFrame): RequestId | undefined {
  return ANSWERS.has(frame.type) ? (frame as { id?: RequestId }).id : undefined;
}

/** A frame of the server, or `undefined` if it is not one that this version knows how to read. */
export function parseFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    const isFrame = typeof frame === "object" && frame !== null && "type" in frame && typeof frame.type === "string";
    return isFrame ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}
