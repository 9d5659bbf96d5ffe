import { computed, effect, signal, untracked } from "@preact/signals";
import { Client, ClientError } from "groupcast-client";
import type { Credentials, Tokens, User } from "groupcast-client";

import { TOKENS_KEY, forgetAll, keepName, keepTokens, keepUser, keptTokens, keptUser } from "./kept.js";
import { isReachable } from "./network.js";
import { forgetRoute } from "./route.js";
import { Failure, ask } from "./rest.js";
import type { Asking } from "./rest.js";

/** How users show who they are: by a name that is believed, or by a token. The server says so in the page. */
export const isTokenMode = document.querySelector<HTMLMetaElement>('meta[name="groupcast-auth"]')?.content === "token";

/** Whether anybody may make an account. The server says so in the page. */
export const isRegistrationOpen =
  document.querySelector<HTMLMetaElement>('meta[name="groupcast-registration"]')?.content !== "closed";

/** Who is signed in, and their connection. */
export interface Session {
  readonly client: Client;
  readonly me: User;
}

/** `undefined` at the door. */
export const session = signal<Session | undefined>(undefined);

/** Whether there is a socket that nobody has found to be broken. */
const isOpen = signal(false);

/** Whether there is a connection. Without one the client sees to it that there will be. */
export const isConnected = computed(() => isOpen.value && isReachable.value);

/** How soon lost connections are tried again at most, in milliseconds: somebody sits and waits. */
const BACKOFF = { maxMs: 5_000 };

/** Why somebody is back at the door. */
export const farewell = signal("");

/** Work for as long as somebody is signed in: what it returns ends it. */
export function perSession(begin: (session: Session) => () => void): void {
  effect(() => {
    const present = session.value;
    return present && untracked(() => begin(present));
  });
}

/** The client of who is signed in. To be asked for only where somebody is. */
export function client(): Client {
  return present().client;
}

/** Who is signed in. */
export function me(): User {
  return present().me;
}

function present(): Session {
  const value = session.peek();
  if (value === undefined) throw new Error("nobody is signed in");
  return value;
}

/** Asks the REST interface something as who is signed in. */
export async function askAsMe<T>(method: string, path: string, { query, body }: Omit<Asking, "token"> = {}): Promise<T> {
  const { client, me } = present();
  if (!isTokenMode) return ask(method, path, { query: { ...query, user_id: me.id }, ...(body && { body }) });
  const token = await client.accessToken();
  return ask(method, path, { ...(query && { query }), ...(body && { body }), token });
}

const socketUrl = `${location.protocol.replace("http", "ws")}//${location.host}/ws`;

/** Goes on as who was here before a reload, if anybody was. */
export function resume(): void {
  const user = keptUser();
  if (isTokenMode) {
    if (keptTokens()) begin(signedIn(), user);
  } else if (user) {
    begin(clientFor({ username: user.username }), user);
  }
}

/** Username mode: comes in under a name. */
export async function enter(username: string): Promise<void> {
  const client = clientFor({ username });
  const user = await firstWelcome(client, username);
  keepName(username);
  begin(client, user);
}

/** Token mode: begins a session. A text with an @ is taken for an e-mail address. */
export async function signIn(name: string, password: string): Promise<void> {
  const start = Date.now();
  const who = name.includes("@") ? { email: name } : { username: name };
  const answer = await ask<{ access_token: string; refresh_token: string; expires_in: number; user: User }>("POST", "sessions/", {
    body: { ...who, password },
  }).catch((error: unknown) => {
    if (error instanceof Failure && error.status === 401) throw new Failure(401, "The user name or the password is wrong.");
    throw error;
  });
  const tokens: Tokens = {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token,
    expiresAt: start + answer.expires_in * 1_000,
  };
  keepTokens(tokens);
  keepName(name);
  begin(signedIn(), { id: answer.user.id, username: answer.user.username });
}

/** Makes an account and comes in with it. */
export async function createAccount(username: string, email: string, password: string): Promise<void> {
  await ask("POST", "users/", { body: { username, email, password } });
  await (isTokenMode ? signIn(username, password) : enter(username));
}

/** Ends the session, and forgets all that was kept. */
export async function signOut(): Promise<void> {
  const value = session.peek();
  if (!value) return;
  leave("");
  // The server is told, if it can be reached; here all is forgotten whatever comes of that.
  await value.client.logOut().catch(() => undefined);
}

function clientFor(who: Credentials): Client {
  return new Client({ url: socketUrl, backoff: BACKOFF, ...who });
}

function signedIn(): Client {
  return clientFor({ tokens: keptTokens });
}

/** Settles when the server has let a name in, and gives up at the first failure. */
async function firstWelcome(client: Client, username: string): Promise<User> {
  const failed = new Promise<never>((_, reject) => {
    client.on("disconnected", ({ error }) => {
      if (!error) reject(new Failure(0, "The server can not be reached."));
    });
  });
  try {
    return (await Promise.race([client.connect(), failed])).user;
  } catch (error) {
    client.close();
    const isUnknown = error instanceof ClientError && (error.code === "unauthenticated" || error.code === "not_found");
    throw isUnknown ? new Failure(404, `There is nobody named “${username}” here. Check the name, or create an account.`) : error;
  }
}

function begin(client: Client, known: User | undefined): void {
  const adopt = (user: User): void => {
    keepUser(user, isTokenMode);
    if (session.peek()?.client === client && session.peek()?.me.id !== user.id) session.value = { client, me: user };
    if (!session.peek() && !isGone) session.value = { client, me: user };
  };
  let isGone = false;
  client.on("tokens", keepTokens);
  client.on("connected", ({ user }) => {
    isOpen.value = true;
    adopt(user);
  });
  client.on("disconnected", ({ error }) => {
    isOpen.value = false;
    if (!error) return;
    isGone = true;
    leave(isTokenMode ? "Your session has ended. Sign in again." : error.message);
  });
  farewell.value = "";
  if (known) adopt(known);
  client.connect().then(({ user }) => {
    isOpen.value = true;
    adopt(user);
  }, () => undefined);
}

function leave(why: string): void {
  const value = session.peek();
  session.value = undefined;
  isOpen.value = false;
  farewell.value = why;
  forgetAll();
  forgetRoute();
  value?.client.close();
}

// Another tab has signed out.
addEventListener("storage", ({ key, newValue }) => {
  if (isTokenMode && session.peek() && key === TOKENS_KEY && newValue === null) leave("");
});
