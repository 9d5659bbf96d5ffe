/** What a session is continued with. */
export interface Tokens {
  /** Shown to the server. */
  accessToken: string;
  /** Spent, once, for the next pair. */
  refreshToken: string;
  /** When the access token ends, in milliseconds since 1970 by the clock of this machine. */
  expiresAt: number;
}

/** A name that the server believes, if it runs with `--auth=username`. */
export interface NameCredentials {
  username: string;
}

/** A name or an address, and the password that begins a session. The password is forgotten then. */
export type PasswordCredentials = { password: string } & ({ username: string } | { email: string });

/** A session that was begun before. */
export interface TokensCredentials {
  /**
   * The newest pair. Where several clients share a session, such as the tabs of a browser, a function that reads it from where
   * all of them keep it, or finds none there once the user has signed out.
   */
  tokens: Tokens | (() => Tokens | null | undefined | Promise<Tokens | null | undefined>);
  /**
   * Gets the next pair, in place of the client. It is not called again before it settles. If it rejects with a `ClientError` that has
   * not `retry`, the session is over; after any other error it is called again.
   */
  refresh?: (refreshToken: string) => Promise<Tokens>;
}

/** A token that was made elsewhere: an API key, or one of an outside issuer. */
export interface TokenCredentials {
  /** The token, or a function that returns one which is good for a while. It is called for each connection, and before the token ends. */
  token: string | (() => string | Promise<string>);
  /** As whom to act, for a key that may act as anybody. */
  username?: string;
}

/** How a user shows who they are. */
export type Credentials = NameCredentials | PasswordCredentials | TokensCredentials | TokenCredentials;
