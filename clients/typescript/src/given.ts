import type { TokenCredentials } from "./credentials.js";
import type { HeldToken, TokenSource } from "./keeper.js";
import type { Rest } from "./rest.js";

/** Tokens that were made elsewhere. */
export class GivenTokens implements TokenSource {
  readonly isRenewable: boolean;
  readonly isSession = false;
  readonly #token: () => string | Promise<string>;
  readonly #rest: Rest;

  constructor(token: TokenCredentials["token"], rest: Rest) {
    this.isRenewable = typeof token === "function";
    this.#token = typeof token === "function" ? token : () => token;
    this.#rest = rest;
  }

  async next(): Promise<HeldToken> {
    return { token: await this.#token(), expiresAt: undefined, madeAt: Date.now() };
  }

  async end(): Promise<void> {
    await this.#rest.logOut(await this.#token());
  }
}
