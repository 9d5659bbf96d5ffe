import type { Tokens, User } from "groupcast-client";

/** What is kept in the browser over a reload. All of it goes when the user signs out. */

/** Signed in: for all tabs. */
const TOKENS = "groupcast.tokens";
/** The user, so that a reload without a network shows whose page it is. In username mode for this tab alone. */
const USER = "groupcast.user";
/** What was sent and is not stored at the server yet, by the user's number. */
const WAITING = "groupcast.waiting.";
/** The name that was entered last. */
const NAME = "groupcast.name";

export const TOKENS_KEY = TOKENS;

function read<T>(store: Storage, key: string): T | undefined {
  try {
    const text = store.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

function write(store: Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) store.removeItem(key);
    else store.setItem(key, JSON.stringify(value));
  } catch {
    // The store is full or forbidden: then a reload forgets.
  }
}

export function keptTokens(): Tokens | undefined {
  return read(localStorage, TOKENS);
}

export function keepTokens(tokens: Tokens): void {
  write(localStorage, TOKENS, tokens);
}

export function keptUser(): User | undefined {
  return read(sessionStorage, USER) ?? read(localStorage, USER);
}

/** Keeps who the user is; for all tabs where a session is shared by them. */
export function keepUser(user: User, isShared: boolean): void {
  write(isShared ? localStorage : sessionStorage, USER, user);
}

export function keptName(): string {
  return read<string>(localStorage, NAME) ?? "";
}

export function keepName(name: string): void {
  write(localStorage, NAME, name);
}

export function keptWaiting<T>(userId: number): T[] {
  return read<T[]>(localStorage, WAITING + userId) ?? [];
}

/** Keeps what waits in this tab, without `gone`; what waits in others stays. */
export function keepWaiting(userId: number, waiting: readonly { clientId: string }[], gone: ReadonlySet<string>): void {
  const here = new Set(waiting.map(({ clientId }) => clientId));
  const others = keptWaiting<{ clientId: string }>(userId).filter(({ clientId }) => !gone.has(clientId) && !here.has(clientId));
  const all = [...others, ...waiting];
  write(localStorage, WAITING + userId, all.length === 0 ? undefined : all);
}

/** Forgets all that this page has kept. */
export function forgetAll(): void {
  for (const store of [localStorage, sessionStorage]) {
    for (const key of Object.keys(store)) {
      if (key.startsWith("groupcast.")) store.removeItem(key);
    }
  }
}
