import type { PasswordCredentials, Tokens, TokensCredentials } from "./credentials.js";
import { ClientError } from "./error.js";
import type { HeldToken, TokenSource } from "./keeper.js";
import { exclusively } from "./lock.js";
import type { Rest } from "./rest.js";

/** The pairs of tokens of one session, each of which gets the next. */
export class TokenPairs implements TokenSource {
  readonly isRenewable = true;
  readonly #rest: Rest;
  readonly #announce: (tokens: Tokens) => void;
  #password: PasswordCredentials | undefined;
  readonly #stored: TokensCredentials | undefined;
  #pair: Tokens | undefined;

  /** `announce` is told of each pair that was not there before. */
  constructor(credentials: PasswordCredentials | TokensCredentials, rest: Rest, announce: (tokens: Tokens) => void) {
    if ("tokens" in credentials) {
      this.#stored = credentials;
    } else {
      this.#password = credentials;
    }
    this.#rest = rest;
    this.#announce = announce;
  }

  get isSession(): boolean {
    return this.#password === undefined;
  }

  async next(): Promise<HeldToken> {
    if (this.#pair !== undefined) return this.#renewed(this.#pair);
    if (this.#password !== undefined) {
      const pair = await this.#rest.logIn(this.#password);
      this.#password = undefined;
      return this.#take(pair, Date.now());
    }
    const pair = await this.#read();
    if (pair.expiresAt <= Date.now()) return this.#renewed(pair);
    this.#pair = pair;
    return { token: pair.accessToken, expiresAt: pair.expiresAt, madeAt: 0 };
  }

  async end(): Promise<void> {
    const isBegun = this.#password === undefined;
    this.#password = undefined;
    if (!isBegun) return;
    try {
      let pair = this.#pair ?? (await this.#read());
      if (pair.expiresAt <= Date.now()) pair = await this.#refreshed(pair);
      await this.#rest.logOut(pair.accessToken);
    } catch (error) {
      // Then there is no session any more.
      if (!(error instanceof ClientError && error.code === "unauthenticated")) throw error;
    } finally {
      this.#pair = undefined;
    }
  }

  /** Gets the next pair, or takes it if another client of the session has got it. */
  async #renewed(pair: Tokens): Promise<HeldToken> {
    if (this.#stored?.refresh !== undefined) return this.#take(await this.#refreshed(pair), Date.now());
    return exclusively(`groupcast ${this.#rest.url} ${sessionOf(pair)}`, async () => {
      const shared = typeof this.#stored?.tokens === "function" ? await this.#read() : pair;
      // An older one, which nobody has replaced, was spent by this client.
      const newest = shared.expiresAt > pair.expiresAt ? shared : pair;
      if (newest !== pair && newest.expiresAt > Date.now()) return this.#take(newest, 0);
      // Announced before another client may look.
      return this.#take(await this.#refreshed(newest), Date.now());
    });
  }

  #refreshed({ refreshToken }: Tokens): Promise<Tokens> {
    return this.#stored?.refresh?.(refreshToken) ?? this.#rest.refresh(refreshToken);
  }

  async #read(): Promise<Tokens> {
    const tokens = this.#stored?.tokens;
    const pair = typeof tokens === "function" ? await tokens() : tokens;
    if (!pair) throw new ClientError("unauthenticated", "there are no tokens; the user has signed out");
    return { ...pair };
  }

  #take(pair: Tokens, madeAt: number): HeldToken {
    this.#pair = { ...pair };
    this.#announce({ ...pair });
    return { token: pair.accessToken, expiresAt: pair.expiresAt, madeAt };
  }
}

/** What names the session in an access token of the server's own, as far as that can be read. */
function sessionOf({ accessToken }: Tokens): string {
  try {
    const claims = (accessToken.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    return String((JSON.parse(atob(claims)) as { sid?: unknown }).sid);
  } catch {
    return "";
  }
}
