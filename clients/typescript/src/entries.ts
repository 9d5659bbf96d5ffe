/** The entries of a group's log, as they are on the wire: all that changes what a reader should see, under one row of `seq`. */

/** A group's number. */
export type GroupId = number;

/** A user, as others see them. */
export interface User {
  id: number;
  username: string;
}

/** A message that is stored, as it is today. What does not apply is absent. */
export interface Message {
  /** Unique over all groups. */
  id: number;
  /** The place in the group's log: 1, 2, 3, without gaps; changes to messages have places of the same row. */
  seq: number;
  /** Empty if the message was deleted. */
  content: string;
  user_id: number;
  username: string;
  group_id: GroupId;
  group_name: string;
  /** RFC 3339, in UTC. */
  created_at: string;
  /** The sender's own name for it. */
  client_id?: string;
  /** The message that it answers. */
  reply_to?: number;
  /** The first message of the chain of answers that it belongs to. */
  thread_id?: number;
  /** The users that it mentions, by their numbers. */
  mentions?: number[];
  /** When its content was changed last. */
  edited_at?: string;
  /** It has no content any more. */
  deleted?: true;
  /** Who reacted to it, in `history` only. */
  reactions?: ReactionCount[];
  /** Answers in the thread that begins with it, in `history` only. */
  replies?: number;
  /** When the newest of them was sent, in `history` only. */
  last_reply_at?: string;
}

/** How often there is an emoji on a message. */
export interface ReactionCount {
  emoji: string;
  count: number;
  /** At most 10 of the users. */
  user_ids: number[];
}

/** A message that is not stored and has no place in the group. It may be lost. */
export interface EphemeralMessage extends Omit<Message, "id" | "seq"> {
  ephemeral: true;
}

/** What all changes have; the user is who made it. */
export interface Change {
  group_id: GroupId;
  /** The place in the group's log. */
  seq: number;
  user_id: number;
  username: string;
  /** RFC 3339, in UTC. */
  created_at: string;
}

/** A change to a message. */
export interface MessageChange extends Change {
  message_id: number;
  /** The place of the message. */
  message_seq: number;
}

/** A message has another content. */
export interface Edited extends MessageChange {
  /** In a replay that of today. */
  content: string;
  mentions?: number[];
}

/** A message has no content any more, and no reactions. */
export type Deleted = MessageChange;

/** A user's reaction to a message has come or gone. */
export interface Reaction extends MessageChange {
  emoji: string;
  on: boolean;
}

/** What has become of a member. A newer server may know more. */
export type MemberChangeKind =
  | "joined"
  | "left"
  | "kicked"
  | "banned"
  | "unbanned"
  | "muted"
  | "unmuted"
  | "erased"
  | "role";

/** A member has come, gone, or is something else. */
export interface MemberChange extends Change {
  member: User;
  change: MemberChangeKind;
  role?: string;
  /** When a ban or mute ends, if it does. */
  until?: string;
}

/** A group has another name, topic, or way to join; each is there if it has changed. */
export interface GroupChange extends Change {
  name?: string;
  topic?: string;
  join?: string;
}

/** What the entries of a log carry, by their types. */
export interface LogEvents {
  message: Message;
  edited: Edited;
  deleted: Deleted;
  reaction: Reaction;
  member: MemberChange;
  group: GroupChange;
}

/** An entry of a group's log. A newer server may send types that are not listed; they too have `group_id` and `seq`. */
export type LogEntry = { [Type in keyof LogEvents]: { type: Type } & LogEvents[Type] }[keyof LogEvents];

const KNOWN: ReadonlySet<string> = new Set<keyof LogEvents>(["message", "edited", "deleted", "reaction", "member", "group"]);

/** What carries a `seq` that is not a place of its own. */
const PLACELESS: ReadonlySet<string> = new Set(["ack", "caught_up", "lagged", "read"]);

/** Whether a frame has a place in a group's log, known to this version or not. */
export function isLogEntry(frame: { type: string; group_id?: unknown; seq?: unknown }): frame is LogEntry {
  return typeof frame.group_id === "number" && Number.isSafeInteger(frame.seq) && !PLACELESS.has(frame.type);
}

/** Whether there is an event of the entry's type. */
export function isKnown(entry: LogEntry): boolean {
  return KNOWN.has(entry.type);
}
