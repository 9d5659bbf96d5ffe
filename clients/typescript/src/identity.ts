import type { ClientError } from "./error.js";

/** What `hello` says of the user. */
export interface Hello {
  username?: string;
  token?: string;
}

/** Why a user is signed out. */
export type SignedOutReason =
  /** `logOut` was called. */
  | "logged_out"
  /** The server has ended the session, or does not know it. */
  | "session_ended"
  /** The server did not take the password or the token. */
  | "refused";

/** How a user shows who they are, over any number of connections. */
export interface Identity {
  /** What to say to the next connection. May take long, and rejects with a `ClientError` if nothing can be said any more. */
  hello(): Hello | Promise<Hello>;
  /** The server knows the user. */
  welcomed(): void;
  /** The server does not take this token, or this name if there is none. Returns whether there may be something better to say. */
  refused(token: string | undefined): boolean;
  /** The token of the connection ends in so many milliseconds. */
  expiring(inMs: number): void;
  /** A token for other requests, if there are tokens. */
  token(): Promise<string | undefined>;
  /** Why the user is signed out, if that is what an error means after which there is no connection any more. */
  reasonOf(error: ClientError): SignedOutReason | undefined;
  /** Renews nothing any more. */
  stop(): void;
  /** Ends the session at the server, and forgets it whatever comes of that. */
  logOut(): Promise<void>;
}

/** A name that the server believes. */
export class BelievedName implements Identity {
  readonly #username: string;

  constructor(username: string) {
    this.#username = username;
  }

  // At once, without a promise.
  hello(): Hello {
    return { username: this.#username };
  }

  welcomed(): void {}

  refused(): boolean {
    return false;
  }

  expiring(): void {}

  async token(): Promise<undefined> {}

  reasonOf(): undefined {}

  stop(): void {}

  async logOut(): Promise<void> {}
}
