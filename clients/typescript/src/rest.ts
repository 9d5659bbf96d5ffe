import type { PasswordCredentials, Tokens } from "./credentials.js";
import { ClientError } from "./error.js";
import type { ClientErrorCode } from "./error.js";

/** What the client needs of `fetch`. That of browsers and Node has it. */
export type FetchLike = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string; signal: AbortSignal },
) => Promise<{ status: number; headers: { get(name: string): string | null }; json(): Promise<unknown> }>;

/** How long a request may take, in milliseconds. Long, since a refresh that is given up may have been done. */
const TIMEOUT_MS = 30_000;

const CODES: Readonly<Record<number, ClientErrorCode>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  413: "too_large",
  429: "rate_limited",
  503: "unavailable",
};

/** Statuses below 500 after which the same request may succeed. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Where the REST interface is beside a socket: `wss://host/ws` is beside `https://host/api/v1`. */
export function restUrlOf(socketUrl: string): string {
  // In a page, a socket's address may be relative to that of the page.
  const url = new URL(socketUrl, (globalThis as { location?: { href: string } }).location?.href);
  const scheme = url.protocol.replace(/^ws/, "http");
  return `${scheme}//${url.host}${url.pathname.replace(/(\/api\/v1)?\/ws(\/.*)?$/, "").replace(/\/$/, "")}/api/v1`;
}

/** The REST interface. */
export class Rest {
  /** Ends without a slash. */
  readonly url: string;
  readonly #fetch: FetchLike;

  constructor(url: string, fetch: FetchLike) {
    this.url = url.replace(/\/+$/, "");
    this.#fetch = fetch;
  }

  /** Begins a session. */
  logIn(credentials: PasswordCredentials): Promise<Tokens> {
    return this.#tokens("sessions/", credentials);
  }

  /** Gets the next pair. The refresh token is spent by this, even if the answer is lost. */
  refresh(refreshToken: string): Promise<Tokens> {
    return this.#tokens("sessions/refresh/", { refresh_token: refreshToken });
  }

  /** Ends the session of a token. One that has ended already is no error. */
  async logOut(accessToken: string): Promise<void> {
    try {
      await this.#request("DELETE", "sessions/current", { authorization: `Bearer ${accessToken}` }, undefined);
    } catch (error) {
      if (!(error instanceof ClientError && error.code === "unauthenticated")) throw error;
    }
  }

  /** Asks for what is at a path. */
  async get(path: string, token: string | undefined): Promise<unknown> {
    const content = await this.#request("GET", path, token === undefined ? {} : { authorization: `Bearer ${token}` }, undefined);
    if (content === undefined) throw strange();
    return content;
  }

  async #tokens(path: string, body: object): Promise<Tokens> {
    // From before the request, so that the token does not end before it is thought to.
    const start = Date.now();
    const headers = { "content-type": "application/json" };
    const answer = await this.#request("POST", path, headers, JSON.stringify(body));
    const { access_token, refresh_token, expires_in } = (answer ?? {}) as Record<string, unknown>;
    if (typeof access_token !== "string" || typeof refresh_token !== "string" || typeof expires_in !== "number") {
      throw strange();
    }
    return { accessToken: access_token, refreshToken: refresh_token, expiresAt: start + expires_in * 1_000 };
  }

  async #request(method: string, path: string, headers: Record<string, string>, body: string | undefined): Promise<unknown> {
    let answer: Awaited<ReturnType<FetchLike>>;
    let content: unknown;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      answer = await this.#fetch(`${this.url}/${path}`, { method, headers, ...(body !== undefined && { body }), signal });
      // Without content, or with that of something in between.
      content = await answer.json().catch(() => undefined);
    } catch {
      throw new ClientError("disconnected", "the server could not be reached", { retry: true });
    }
    const { status } = answer;
    if (status >= 200 && status < 300) return content;
    const detail = (content as { detail?: unknown } | undefined | null)?.detail;
    // A list of what does not validate would repeat what was sent.
    const message = typeof detail === "string" ? detail : `the server answered with status ${status}`;
    throw new ClientError(CODES[status] ?? (status >= 500 ? "internal" : "bad_frame"), message, {
      retry: status >= 500 || PASSING.has(status),
      retryAfterMs: waitOf(answer.headers.get("retry-after")),
    });
  }
}

/** Something else answered, such as the page of a hotel's network. */
function strange(): ClientError {
  return new ClientError("internal", "what answered is not the server", { retry: true });
}

/** The wait that `Retry-After` asks for, in milliseconds: seconds or a date (RFC 9110, section 10.2.3). */
function waitOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}
