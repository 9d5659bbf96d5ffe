export type { BackoffOptions } from "./backoff.js";
export { Client } from "./client.js";
export type { ClientOptions, ConnectOptions, SendOptions } from "./client.js";
export type {
  Credentials,
  NameCredentials,
  PasswordCredentials,
  TokenCredentials,
  Tokens,
  TokensCredentials,
} from "./credentials.js";
export { ClientError } from "./error.js";
export type { ClientErrorCode } from "./error.js";
export type { ClientEvents, Removed, SignedOut } from "./events.js";
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
  RemovalReason,
  Typing,
  User,
  Welcome,
} from "./frames.js";
export type { SignedOutReason } from "./identity.js";
export type { OutboxOptions } from "./outbox.js";
export type { GroupRef, Position, Reset } from "./reader.js";
export type { FetchLike } from "./rest.js";
export type { Disconnected } from "./session.js";
export type { Subscription, SubscriptionEvents } from "./subscription.js";
export type { WebSocketClass, WebSocketLike } from "./websocket.js";
