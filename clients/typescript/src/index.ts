export type { BackoffOptions } from "./backoff.js";
export { Client } from "./client.js";
export type { ClientOptions, SendOptions } from "./client.js";
export { ClientError } from "./error.js";
export type { ClientErrorCode } from "./error.js";
export type { ClientEvents } from "./events.js";
export type {
  Ack,
  Closing,
  EphemeralMessage,
  ErrorCode,
  Group,
  GroupId,
  History,
  HistoryQuery,
  Limits,
  Message,
  Movement,
  Place,
  Presence,
  Typing,
  User,
  Welcome,
} from "./frames.js";
export type { OutboxOptions } from "./outbox.js";
export type { GroupRef, Position, Reset } from "./reader.js";
export type { Disconnected } from "./session.js";
export type { Subscription } from "./subscription.js";
export type { WebSocketClass, WebSocketLike } from "./websocket.js";
