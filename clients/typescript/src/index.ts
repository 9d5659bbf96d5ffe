export { Api } from "./api.js";
export type { MessagesQuery, SearchQuery } from "./api.js";
export type { Found, GroupInfo, Highlight, Member, OwnGroup } from "./api-types.js";
export type { BackoffOptions } from "./backoff.js";
export { Client } from "./client.js";
export type { ClientOptions, ConnectOptions, EditOptions, SendOptions } from "./client.js";
export type {
  Credentials,
  NameCredentials,
  PasswordCredentials,
  TokenCredentials,
  Tokens,
  TokensCredentials,
} from "./credentials.js";
export type {
  Change,
  Deleted,
  Edited,
  EphemeralMessage,
  GroupChange,
  GroupId,
  LogEntry,
  LogEvents,
  MemberChange,
  MemberChangeKind,
  Message,
  MessageChange,
  Reaction,
  ReactionCount,
  User,
} from "./entries.js";
export { ClientError } from "./error.js";
export type { ClientErrorCode } from "./error.js";
export type { ClientEvents, ReadingEvents, Removed, SignedOut } from "./events.js";
export type {
  Ack,
  Added,
  Closing,
  ErrorCode,
  Group,
  History,
  HistoryQuery,
  Limits,
  Movement,
  OwnMark,
  Place,
  Presence,
  ReadAnswer,
  ReadMark,
  RemovalReason,
  Typing,
  Welcome,
} from "./frames.js";
export { GroupState } from "./group-state.js";
export type { GroupStateOptions } from "./group-state.js";
export { splitHighlights } from "./highlights.js";
export type { TextPart } from "./highlights.js";
export type { SignedOutReason } from "./identity.js";
export type { MessageState } from "./message-state.js";
export { OpenGroup } from "./open-group.js";
export type { OpenOptions } from "./open-group.js";
export type { OutboxOptions } from "./outbox.js";
export { OwnGroups } from "./own-groups.js";
export type { OwnGroupState } from "./own-groups.js";
export type { ReactionState } from "./reactions.js";
export type { GroupRef, Position, Reset } from "./reader.js";
export type { Reading } from "./reading.js";
export type { FetchLike } from "./rest.js";
export type { Disconnected } from "./session.js";
export type { Subscription, SubscriptionEvents } from "./subscription.js";
export type { WebSocketClass, WebSocketLike } from "./websocket.js";
