import { Backoff } from "./backoff.js";
import type { BackoffOptions } from "./backoff.js";
import { Connection } from "./connection.js";
import type { ConnectionOptions, Loss } from "./connection.js";
import { ClientError } from "./error.js";
import type { ClientErrorCode } from "./error.js";
import type { Answers, Request, ServerFrame, Welcome } from "./frames.js";
import type { Hello, Identity } from "./identity.js";
import { RETRY_MS, SERVER_WAIT_MS_MAX } from "./link.js";
import type { Link, Reply } from "./link.js";

/** A connection was lost, or an attempt to make one failed. */
export interface Disconnected {
  /** The close code; 1006 if the connection broke. */
  code: number;
  reason: string;
  /** In how many milliseconds the next attempt follows; absent if none does. */
  reconnectInMs?: number;
  /** Why no attempt follows. */
  error?: ClientError;
}

/** Who is told what happens. */
export interface SessionHandler {
  connected(welcome: Welcome): void;
  received(frame: ServerFrame): void;
  disconnected(event: Disconnected): void;
  /** A live connection does not take a newer token. */
  failed(error: ClientError): void;
}

/** The close code for who is unknown. */
const UNAUTHENTICATED = 4001;

/** Closes that another attempt would only meet again, unless with another token: the user is unknown or not let in. */
const FINAL_CODES: ReadonlyMap<number, ClientErrorCode> = new Map([
  [UNAUTHENTICATED, "unauthenticated"],
  [4003, "forbidden"],
  [4004, "not_found"],
]);

/** A connection that lasted this long, in milliseconds, was no failed attempt: the backoff starts again. */
const STABLE_MS = 5_000;

/** One connection after another. */
export class Session implements Link {
  readonly #options: ConnectionOptions;
  readonly #identity: Identity;
  readonly #handler: SessionHandler;
  readonly #backoff: Backoff;
  #connection: Connection | undefined;
  #welcomedAt: number | undefined;
  #closingWaitMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts attempts, so that one which was given up while it waited for a token is known. */
  #attempt = 0;
  /** The newest token. */
  #token: string | undefined;
  /** The token that the connection was shown last. */
  #shown: string | undefined;

  constructor(options: ConnectionOptions, identity: Identity, backoff: BackoffOptions, handler: SessionHandler) {
    this.#options = options;
    this.#identity = identity;
    this.#backoff = new Backoff(backoff);
    this.#handler = handler;
  }

  /** Makes the first attempt. */
  start(): void {
    this.#closingWaitMs = undefined;
    this.#attempt += 1;
    const attempt = this.#attempt;
    const hello = this.#identity.hello();
    if (!(hello instanceof Promise)) {
      this.#open(hello);
      return;
    }
    hello.then(
      (hello) => {
        if (attempt === this.#attempt) this.#open(hello);
      },
      (error: ClientError) => {
        if (attempt === this.#attempt) this.fail(error);
      },
    );
  }

  /** Ends the connection and makes no other. */
  stop(): void {
    this.#detach()?.close();
  }

  /** Ends the connection, and tells that no other is made. */
  fail(error: ClientError): void {
    const connection = this.#detach();
    // Before what is under way fails for want of a connection.
    this.#handler.disconnected({ code: UNAUTHENTICATED, reason: error.message, error });
    connection?.close();
  }

  /** There is a newer token: a live connection goes on with it, and so do later ones. */
  renewed(token: string): void {
    this.#token = token;
    this.#prolong();
  }

  request<Type extends keyof Answers>(request: Request & { type: Type }, reply: Reply<Answers[Type]>): boolean {
    return this.#welcomedAt !== undefined && (this.#connection?.request(request, reply) ?? false);
  }

  /** Sends what has no answer, or nothing if there is no connection. */
  notify(request: Request): void {
    if (this.#welcomedAt !== undefined) this.#connection?.notify(request);
  }

  #detach(): Connection | undefined {
    clearTimeout(this.#timer);
    this.#attempt += 1;
    const connection = this.#connection;
    this.#connection = undefined;
    this.#welcomedAt = undefined;
    return connection;
  }

  #open(hello: Hello): void {
    this.#shown = hello.token;
    this.#connection = new Connection(this.#options, hello, {
      welcomed: (welcome) => {
        this.#welcomedAt = Date.now();
        this.#identity.welcomed();
        // It may have been renewed since the opening.
        this.#prolong();
        this.#handler.connected(welcome);
      },
      received: (frame) => {
        if (frame.type === "closing") this.#closingWaitMs = frame.reconnect_in_ms;
        this.#handler.received(frame);
      },
      lost: (loss) => this.#lost(loss),
    });
  }

  /** Shows the newest token, if it was not shown yet. */
  #prolong(): void {
    const token = this.#token;
    if (token === undefined || token === this.#shown || this.#welcomedAt === undefined) return;
    const before = this.#shown;
    this.#shown = token;
    const failed = (error: ClientError): void => {
      if (error.code === "disconnected" || error.code === "closed") return;
      if (this.#shown === token) this.#shown = before;
      if (error.retry) {
        this.#timer = setTimeout(() => this.#prolong(), error.retryAfterMs ?? RETRY_MS);
      } else {
        this.#handler.failed(error);
      }
    };
    this.request({ type: "refresh", token }, { done: () => undefined, failed });
  }

  #lost({ code, reason, refusal }: Loss): void {
    const wasStable = this.#welcomedAt !== undefined && Date.now() - this.#welcomedAt >= STABLE_MS;
    this.#connection = undefined;
    this.#welcomedAt = undefined;
    const isUnknown = code === UNAUTHENTICATED || refusal?.code === "unauthenticated";
    const isFinal = isUnknown ? !this.#identity.refused(this.#shown) : FINAL_CODES.has(code) || refusal?.retry === false;
    if (isFinal) {
      const error = refusal ?? new ClientError(FINAL_CODES.get(code) ?? "internal", reason || "the server refused the user");
      this.#handler.disconnected({ code, reason, error });
      return;
    }
    if (wasStable) this.#backoff.reset();
    const reconnectInMs = this.#wait(refusal?.retryAfterMs);
    // Before the handler, which may stop it again.
    this.#timer = setTimeout(() => this.start(), reconnectInMs);
    this.#handler.disconnected({ code, reason, reconnectInMs });
  }

  #wait(retryAfterMs = 0): number {
    // A server that is stopping spreads its clients by itself.
    const wait = this.#closingWaitMs ?? retryAfterMs + this.#backoff.next();
    return Math.min(Math.max(wait, 0), SERVER_WAIT_MS_MAX);
  }
}
