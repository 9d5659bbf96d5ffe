import { Backoff } from "./backoff.js";
import type { BackoffOptions } from "./backoff.js";
import { ClientError } from "./error.js";
import type { Hello, Identity, SignedOutReason } from "./identity.js";
import { SERVER_WAIT_MS_MAX } from "./link.js";

/** A token that can be shown to the server. */
export interface HeldToken {
  token: string;
  /** When it ends, in milliseconds since 1970. If that is not known, each connection asks for one anew. */
  expiresAt: number | undefined;
  /** When it was made, or 0 if it was before the client. */
  madeAt: number;
}

/** Where tokens come from. */
export interface TokenSource {
  /** Whether there may be a better one than one that was refused. */
  readonly isRenewable: boolean;
  /** Whether there is a session, which the server may have ended. */
  readonly isSession: boolean;
  /** The first token, and with each further call a later one. Not called again before it settles. */
  next(): Promise<HeldToken>;
  /** Ends the session at the server, and forgets it whatever comes of that. */
  end(): Promise<void>;
}

/** Who is told what happens. */
export interface KeeperHandler {
  /** There is a newer token than those that were shown. */
  renewed(token: string): void;
  /** No token was to be had. It is tried again. */
  delayed(error: ClientError): void;
  /** There will be no further token. */
  ended(error: ClientError): void;
}

/** The part of a token's life after which it is renewed. */
const RENEWED_AT = 0.8;

/** The least time between renewals by the clock, in milliseconds, however short tokens live. */
const RENEWAL_MS_MIN = 1_000;

/** The longest that a timer can be set to. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Keeps a token that the server takes. It is renewed by one request at a time, whoever asks for it: when most of its life is over,
 * when the server says that it ends, or after the server has refused it.
 */
export class TokenKeeper implements Identity {
  readonly #source: TokenSource;
  readonly #username: string | undefined;
  readonly #backoff: BackoffOptions;
  readonly #handler: KeeperHandler;
  #held: HeldToken | undefined;
  #renewal: Promise<string> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = Infinity;
  /** Whether a token was refused since the last welcome. */
  #isRefused = false;
  #ended: ClientError | undefined;
  #wake: () => void = () => undefined;

  constructor(source: TokenSource, username: string | undefined, backoff: BackoffOptions, handler: KeeperHandler) {
    this.#source = source;
    this.#username = username;
    this.#backoff = backoff;
    this.#handler = handler;
  }

  async hello(): Promise<Hello> {
    const token = await this.token();
    return { token, ...(this.#username !== undefined && { username: this.#username }) };
  }

  welcomed(): void {
    this.#isRefused = false;
  }

  refused(token: string | undefined): boolean {
    if (this.#ended || this.#isRefused || !this.#source.isRenewable) return false;
    this.#isRefused = true;
    // Unless it was renewed since it was shown.
    if (this.#held?.token === token) this.#held = undefined;
    return true;
  }

  expiring(inMs: number): void {
    // Not before half of its life is over: a server whose tokens live for less than its notice says this of each new one.
    const age = Date.now() - (this.#held?.madeAt ?? 0);
    this.#arm(Math.max(0, (inMs - age) / 2));
  }

  async token(): Promise<string> {
    if (this.#ended) throw this.#ended;
    const { token, expiresAt = 0 } = this.#held ?? {};
    return token !== undefined && expiresAt > Date.now() ? token : this.#renew();
  }

  reasonOf(error: ClientError): SignedOutReason | undefined {
    if (error === this.#ended) return this.#source.isSession ? "session_ended" : "refused";
    return error.code === "unauthenticated" ? "refused" : undefined;
  }

  stop(): void {
    this.#end(new ClientError("closed", "the client was closed"));
  }

  async logOut(): Promise<void> {
    this.stop();
    // What is under way may yet bring the pair that is to be ended.
    await this.#renewal?.catch(() => undefined);
    this.#held = undefined;
    await this.#source.end();
  }

  #renew(): Promise<string> {
    this.#renewal ??= this.#obtain().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #obtain(): Promise<string> {
    const backoff = new Backoff(this.#backoff);
    this.#disarm();
    for (;;) {
      try {
        const held = await this.#source.next();
        if (this.#ended) throw this.#ended;
        this.#take(held);
        return held.token;
      } catch (cause) {
        // An error of the application's says nothing about the session.
        const error = cause instanceof ClientError ? cause : new ClientError("internal", String(cause), { retry: true });
        if (this.#ended) throw this.#ended;
        if (!error.retry) {
          this.#end(error);
          this.#handler.ended(error);
          throw error;
        }
        this.#handler.delayed(error);
        await this.#pause(Math.min((error.retryAfterMs ?? 0) + backoff.next(), SERVER_WAIT_MS_MAX));
        if (this.#ended) throw this.#ended;
      }
    }
  }

  #take(held: HeldToken): void {
    this.#held = held;
    // Whatever was due was so for the token before.
    this.#disarm();
    if (held.expiresAt !== undefined) {
      this.#arm(Math.max(RENEWAL_MS_MIN, (held.expiresAt - Date.now()) * RENEWED_AT));
    }
    this.#handler.renewed(held.token);
  }

  /** Renews in so many milliseconds, or when it is due anyway if that is before. */
  #arm(ms: number): void {
    const dueAt = Date.now() + ms;
    if (this.#ended || dueAt >= this.#dueAt) return;
    this.#disarm();
    this.#dueAt = dueAt;
    const renew = (): void => {
      this.#dueAt = Infinity;
      // Those who need to know are told by the handler.
      this.#renew().catch(() => undefined);
    };
    this.#timer = setTimeout(renew, Math.min(ms, TIMER_MS_MAX));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #end(error: ClientError): void {
    this.#ended ??= error;
    this.#disarm();
    this.#wake();
  }
}
