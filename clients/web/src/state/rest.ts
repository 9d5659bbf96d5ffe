/** Where the REST interface is. */
const BASE = "/api/v1/";

/** How long a request may take, in milliseconds. */
const TIMEOUT_MS = 20_000;

/** A request failed. The message is for people. */
export class Failure extends Error {
  constructor(
    /** 0 if the server could not be reached. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** What a request carries. */
export interface Asking {
  query?: Record<string, string | number | undefined>;
  body?: object;
  token?: string | undefined;
}

/** Asks the server something. */
export async function ask<T>(method: string, path: string, { query = {}, body, token }: Asking = {}): Promise<T> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const parameters = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
  let answer: Response;
  try {
    answer = await fetch(BASE + path + (parameters && `?${parameters}`), {
      method,
      headers,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: "no-store",
      credentials: "omit",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Failure(0, "The server can not be reached.");
  }
  const content = (await answer.json().catch(() => undefined)) as { detail?: unknown } | undefined;
  if (!answer.ok) throw new Failure(answer.status, reason(answer, content?.detail));
  return content as T;
}

/** What went wrong, as a sentence. */
function reason(answer: Response, detail: unknown): string {
  if (answer.status === 429) return `Too many attempts. Try again ${wait(answer.headers.get("retry-after"))}.`;
  if (answer.status === 503) return "The server has no time at the moment. Try again in a little while.";
  if (typeof detail === "string") return sentence(KNOWN.get(detail) ?? detail);
  if (Array.isArray(detail)) {
    const texts = detail.map(({ loc, msg }: { loc?: unknown[]; msg?: string }) => {
      const field = String(loc?.at(-1));
      return `${FIELDS.get(field) ?? field}: ${msg}`;
    });
    return sentence(texts.join("; "));
  }
  return `The server answered with status ${answer.status}.`;
}

const FIELDS = new Map([
  ["username", "User name"],
  ["email", "E-mail"],
  ["password", "Password"],
  ["name", "Group name"],
]);

/** What the server says in the words of its interface, in those of the page. */
const KNOWN = new Map([
  ["Username already registered", "This user name is taken"],
  ["Email already registered", "This e-mail address is taken"],
  ["Group name already registered", "This group name is taken"],
  ["username, email, and password are required", "User name, e-mail and password are required"],
  ["registration is closed", "New accounts are made by the admins of this server only"],
]);

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

function wait(seconds: string | null): string {
  const count = Number(seconds);
  if (!(count > 0)) return "in a little while";
  return count < 90 ? `in ${count} seconds` : `in ${Math.ceil(count / 60)} minutes`;
}
