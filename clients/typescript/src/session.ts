import { Backoff } from "./backoff.js";
import type { BackoffOptions } from "./backoff.js";
import { Connection } from "./connection.js";
import type { ConnectionOptions, Loss } from "./connection.js";
import type { ClientError } from "./error.js";
import type { Answers, Request, ServerFrame, Welcome } from "./frames.js";
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
}

/** Closes that another attempt would only meet again: the user is unknown or not let in. */
const FINAL_CODES: ReadonlySet<number> = new Set([4001, 4003, 4004]);

/** A connection that lasted this long, in milliseconds, was no failed attempt: the backoff starts again. */
const STABLE_MS = 5_000;

/** The longest wait that the server can ask for, in milliseconds. */
const SERVER_WAIT_MS_MAX = 600_000;

/** One connection after another. */
export class Session implements Link {
  readonly #options: ConnectionOptions;
  readonly #handler: SessionHandler;
  readonly #backoff: Backoff;
  #connection: Connection | undefined;
  #welcomedAt: number | undefined;
  #closingWaitMs: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions, backoff: BackoffOptions, handler: SessionHandler) {
    this.#options = options;
    this.#backoff = new Backoff(backoff);
    this.#handler = handler;
  }

  /** Makes the first attempt. */
  start(): void {
    this.#closingWaitMs = undefined;
    this.#connection = new Connection(this.#options, {
      welcomed: (welcome) => {
        this.#welcomedAt = Date.now();
        this.#handler.connected(welcome);
      },
      received: (frame) => {
        if (frame.type === "closing") this.#closingWaitMs = frame.reconnect_in_ms;
        this.#handler.received(frame);
      },
      lost: (loss) => this.#lost(loss),
    });
  }

  /** Ends the connection and makes no other. */
  stop(): void {
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#welcomedAt = undefined;
    connection?.close();
  }

  request<Type extends keyof Answers>(request: Request & { type: Type }, reply: Reply<Answers[Type]>): boolean {
    return this.#welcomedAt !== undefined && (this.#connection?.request(request, reply) ?? false);
  }

  /** Sends what has no answer, or nothing if there is no connection. */
  notify(request: Request): void {
    if (this.#welcomedAt !== undefined) this.#connection?.notify(request);
  }

  #lost({ code, reason, refusal }: Loss): void {
    const wasStable = this.#welcomedAt !== undefined && Date.now() - this.#welcomedAt >= STABLE_MS;
    this.#connection = undefined;
    this.#welcomedAt = undefined;
    if (FINAL_CODES.has(code) || refusal?.retry === false) {
      this.#handler.disconnected({ code, reason, ...(refusal && { error: refusal }) });
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
