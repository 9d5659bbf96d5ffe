import type { ClientError } from "./error.js";
import type { Closing, EphemeralMessage, Message, Movement, Place, Presence, Typing, Welcome } from "./frames.js";
import type { Reset } from "./reader.js";
import type { Disconnected } from "./session.js";

/** What a client tells, by name. */
export interface ClientEvents {
  /** A connection is ready, the first one or a later one. */
  connected: Welcome;
  /** A connection was lost, or an attempt to make one failed. */
  disconnected: Disconnected;
  /** A message of a group that is read, each exactly once, in the order of `seq`. Those with `ephemeral` have neither guarantee. */
  message: Message | EphemeralMessage;
  /** The server has lost stored messages; replace what is shown by these. */
  reset: Reset;
  /** Another user came online. */
  joined: Movement;
  /** Another user is not online any more. */
  left: Movement;
  /** How many are online in a large group, instead of `joined` and `left`. */
  presence: Presence;
  /** Another user types, or has stopped. */
  typing: Typing;
  /** This client reads too slowly. Nothing is lost: what was left out follows, up to `caught_up`. */
  lagged: Place;
  /** What was missed has been read. */
  caught_up: Place;
  /** The server will close the connection, and wants the client back after a while. The client sees to this. */
  closing: Closing;
  /** Something failed that nobody waits for. */
  error: ClientError;
}
