import type { BackoffOptions } from "./backoff.js";
import type { Credentials, TokenCredentials, Tokens, TokensCredentials } from "./credentials.js";
import { GivenTokens } from "./given.js";
import { BelievedName } from "./identity.js";
import type { Identity } from "./identity.js";
import { TokenKeeper } from "./keeper.js";
import type { KeeperHandler, TokenSource } from "./keeper.js";
import { TokenPairs } from "./pair.js";
import type { Rest } from "./rest.js";

/** Where and how tokens are had. */
export interface IdentityOptions {
  /** Where sessions are asked for. */
  rest: () => Rest;
  backoff: BackoffOptions;
}

/** Who is told what happens. */
export interface IdentityHandler extends KeeperHandler {
  /** There is a new pair. */
  tokens(tokens: Tokens): void;
}

/** What there may be in credentials of any kind. */
interface Fields {
  username?: string;
  email?: string;
  password?: string;
  tokens?: TokensCredentials["tokens"];
  refresh?: NonNullable<TokensCredentials["refresh"]>;
  token?: TokenCredentials["token"];
}

/** What stands behind credentials. A field that is `undefined` counts as absent. */
export function identityOf(credentials: Credentials, options: IdentityOptions, handler: IdentityHandler): Identity {
  const { username, email, password, tokens, refresh, token }: Fields = credentials;
  const { rest } = options;
  const keep = (source: TokenSource, as?: string): Identity => new TokenKeeper(source, as, options.backoff, handler);
  const announce = (pair: Tokens): void => handler.tokens(pair);
  if (token !== undefined) return keep(new GivenTokens(token, rest()), username);
  if (tokens !== undefined) return keep(new TokenPairs({ tokens, ...(refresh && { refresh }) }, rest(), announce));
  if (password !== undefined) {
    if (email !== undefined) return keep(new TokenPairs({ email, password }, rest(), announce));
    if (username !== undefined) return keep(new TokenPairs({ username, password }, rest(), announce));
  }
  if (username !== undefined) return new BelievedName(username);
  throw new TypeError("nothing says who the user is: pass `username`, `password`, `tokens` or `token`");
}
