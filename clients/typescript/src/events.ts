import type { Tokens } from "./credentials.js";
import type { EphemeralMessage, GroupId, LogEntry, LogEvents, Message } from "./entries.js";
import type { ClientError } from "./error.js";
import type { Added, Closing, Movement, Place, Presence, ReadMark, RemovalReason, Typing, Welcome } from "./frames.js";
import type { SignedOutReason } from "./identity.js";
import type { Reset } from "./reader.js";
import type { Disconnected } from "./session.js";

/** The user is no longer a member of a group, or the group is gone. */
export interface Removed {
  group_id: GroupId;
  reason: RemovalReason;
}

/** The user is signed out: the tokens are of no use any more, and the client is closed. */
export interface SignedOut {
  reason: SignedOutReason;
  /** What the server said; absent after `logOut`. */
  error?: ClientError;
}

/** What is read of groups, by name. */
export interface ReadingEvents extends Omit<LogEvents, "message"> {
  /**
   * An entry of the log of a group that is read, of whatever type, before the event of its type. Each comes exactly once, and in the order
   * of `seq`, so those events do too.
   */
  entry: LogEntry;
  /** A message. Those with `ephemeral` are no entries, may be lost, and come in any order. */
  message: Message | EphemeralMessage;
}

/** What a client tells, by name. */
export interface ClientEvents extends ReadingEvents {
  /** A connection is ready, the first one or a later one. */
  connected: Welcome;
  /** A connection was lost, or an attempt to make one failed. */
  disconnected: Disconnected;
  /** The server has lost stored messages; replace what is shown by these. */
  reset: Reset;
  /** Another user came online. */
  joined: Movement;
  /** Another user is not online any more. */
  left: Movement;
  /** How many are online in a large group, instead of `joined` and `left`. */
  presence: Presence;
  /** A mark has moved: another user's, or the user's own, here or elsewhere. None is told of for sending a message. */
  read: ReadMark;
  /** Another user types, or has stopped. */
  typing: Typing;
  /** This client reads too slowly. Nothing is lost: what was left out follows, up to `caught_up`. */
  lagged: Place;
  /** What was missed has been read. */
  caught_up: Place;
  /** The server will close the connection, and wants the client back after a while. The client sees to this. */
  closing: Closing;
  /** A group is not read any more, since the user was removed from it. */
  removed: Removed;
  /** Somebody else has made the user a member of a group: an admin, or who began a private chat. May be lost. */
  added: Added;
  /** There is a new pair of tokens. What was stored of the one before can not be used again. */
  tokens: Tokens;
  /** The user is signed out. */
  signedOut: SignedOut;
  /** Something failed that nobody waits for; with `retry` the client sees to it. */
  error: ClientError;
}
