import type { GroupId } from "./entries.js";
import type { ErrorCode, ErrorFrame, RemovalReason } from "./frames.js";

/** Why something failed that was asked of the client: what the server said, or one of the client's own reasons. */
export type ClientErrorCode =
  | ErrorCode
  /** The connection was lost before the answer; it may or may not have been done. Or the server could not be reached. */
  | "disconnected"
  /** The client was closed. */
  | "closed"
  /** Too much waits to be acknowledged. */
  | "outbox_full"
  /** The user is no longer a member of the group, or the group is gone; `reason` says which. */
  | "removed";

/** A failure. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  readonly code: ClientErrorCode;
  /** The group it is about. */
  readonly groupId: GroupId | undefined;
  /** Whether the same may succeed later. */
  readonly retry: boolean;
  /** How long to wait before, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** How the user ceased to be a member, for `removed`. */
  readonly reason: RemovalReason | undefined;

  constructor(
    code: ClientErrorCode,
    message: string,
    about: {
      groupId?: GroupId | undefined;
      retry?: boolean;
      retryAfterMs?: number | undefined;
      reason?: RemovalReason;
    } = {},
  ) {
    super(message);
    this.code = code;
    this.groupId = about.groupId;
    this.retry = about.retry ?? false;
    this.retryAfterMs = about.retryAfterMs;
    this.reason = about.reason;
  }

  /** What the server said. */
  static of(frame: ErrorFrame): ClientError {
    const { group_id: groupId, retry, retry_after_ms: retryAfterMs } = frame;
    return new ClientError(frame.code, frame.message, { groupId, retry, retryAfterMs });
  }
}
