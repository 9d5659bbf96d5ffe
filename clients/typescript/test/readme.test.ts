import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client, GroupState, splitHighlights } from "groupcast-client";
import type { ConnectOptions, Credentials, Tokens } from "groupcast-client";
import { WebSocket } from "ws";

import { message } from "./support/peer.js";
import { Server } from "./support/server.js";
import { client, peer } from "./support/signing-in.js";
import { patiently, until } from "./support/until.js";

const README = new URL("../README.md", import.meta.url);

/** The code under a heading of the documentation. */
function codeUnder(heading: string): string[] {
  const section = readFileSync(README, "utf8").split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  return [...section!.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
}

/** Runs code with these names, and returns its clients. */
async function run(t: TestContext, code: string, names: Record<string, unknown>): Promise<Client[]> {
  const clients: Client[] = [];
  class Watched extends Client {
    constructor(options: ConnectOptions & Credentials) {
      super({ ...options, WebSocket });
      clients.push(this);
      t.after(() => this.close());
    }
  }
  const AsyncFunction = (Object.getPrototypeOf(run) as { constructor: FunctionConstructor }).constructor;
  const scope = { Client: Watched, ...names };
  const program = AsyncFunction(...Object.keys(scope), code) as (...values: unknown[]) => Promise<void>;
  await patiently("the code", program(...Object.values(scope)));
  return clients;
}

test("the code about signing in does what is said of it", async (t) => {
  const server = await Server.start(t, "--auth=token");
  await server.user("alice");
  const key = await server.key("of alice", "--scope", "write", "--as", "alice");
  const url = server.url;
  const store = new Map<string, string>();
  const localStorage = {
    getItem: (name: string) => store.get(name) ?? null,
    setItem: (name: string, value: string) => store.set(name, value),
    removeItem: (name: string) => store.delete(name),
  };
  const kept = (): Tokens => JSON.parse(store.get("tokens")!) as Tokens;
  const [withPassword, withTokens, withRefresh, withToken, ...more] = codeUnder("Signing in");
  assert.deepEqual(more, []);

  const [first] = await run(t, withPassword!, { url, localStorage });
  const pair = kept();
  assert.equal(await first!.accessToken(), pair.accessToken);
  first!.close();
  const [second] = await run(t, withTokens!, { url, localStorage });
  assert.equal(await second!.accessToken(), pair.accessToken);
  second!.close();

  store.set("tokens", JSON.stringify({ ...pair, expiresAt: 0 }));
  const [third] = await run(t, withRefresh!, {
    url,
    withLockOfYourOwn: (work: () => Promise<Tokens>) => work(),
    readTokens: async () => kept(),
    storeTokens: async (tokens: Tokens) => localStorage.setItem("tokens", JSON.stringify(tokens)),
    refreshAtTheServer: async (refresh_token: string): Promise<Tokens> => {
      const answer = await server.request("POST", "sessions/refresh/", undefined, { refresh_token });
      const { access_token, refresh_token: next, expires_in } = answer as Record<string, string>;
      const expiresAt = Date.now() + Number(expires_in) * 1_000;
      return { accessToken: access_token!, refreshToken: next!, expiresAt };
    },
  });
  assert.notEqual(kept().refreshToken, pair.refreshToken);
  assert.equal(await third!.accessToken(), kept().accessToken);

  await run(t, withToken!, { url, key, tokenOfTheIssuer: async () => key });
  const [again] = await run(t, withTokens!, { url, localStorage });
  await patiently("the log-out", again!.logOut());
  assert.equal(store.get("tokens"), undefined);
});

test("the code about changes to messages does what is said of it", async (t) => {
  const server = await Server.start(t);
  await server.user("alice");
  await server.group("lobby");
  const alice = new Client({ url: server.url, username: "alice", WebSocket });
  t.after(() => alice.close());
  alice.connect();
  const lobby = await patiently("the subscription", alice.subscribe("lobby"));
  const [changes, ...more] = codeUnder("Editing, deleting, reacting");
  assert.deepEqual(more, []);
  await run(t, changes!, { lobby });
  const { messages } = await patiently("the history", lobby.history());
  assert.deepEqual(messages.map(({ content }) => content), ["", "Hello yourself!"]);
});

test("the code about states does what is said of it", async (t) => {
  const server = await Server.start(t);
  await server.user("alice");
  const bobId = await server.user("bob");
  const group = await server.groupOf(bobId, "lobby");
  const [alice, bob] = ["alice", "bob"].map((username) => {
    const client = new Client({ url: server.url, username, WebSocket });
    t.after(() => client.close());
    client.connect();
    return client;
  }) as [Client, Client];
  await patiently("the membership", alice.subscribe(group));
  await patiently("the membership", bob.subscribe(group));
  const { message_id } = await patiently("the message", bob.send(group, "Tea, @alice?"));
  await patiently("the reaction", bob.react(group, message_id, "👍", true));
  await server.request("PATCH", `groups/${group}?user_id=${bobId}`, undefined, { topic: "All about tea" });
  const [opened, followed, byHand, ...more] = codeUnder("Showing a group");
  assert.deepEqual(more, []);
  const shown: unknown[][] = [];
  const console = { log: (...values: unknown[]) => shown.push(values) };
  const program = (code: string): string => code.replace(/^import .*\n/m, "");

  await run(t, opened!, { client: alice, console });
  assert.deepEqual(shown[0], ["bob", "Tea, @alice?", ["👍 1"], 0]);
  const last = (): unknown => shown.at(-1)?.[0];
  await until("the end", () => shown.some(([, content]) => content === "Anybody here?") && last() === "0 unread, 0 mentions");

  await run(t, followed!, { client: bob, console });
  await until("the list", () => shown.some(([names]) => Array.isArray(names) && names[0] === "lobby 1"));
  assert.ok(shown.some(([topic, content]) => topic === "All about tea" && content === "Anybody here?"));
  assert.equal(bob.groups.all[0]?.open?.state.messages.length, 2);

  const listed: string[] = [];
  await run(t, program(byHand!), { client: alice, GroupState, console: { log: (content: string) => listed.push(content) } });
  assert.deepEqual(listed, ["Tea, @alice?", "Anybody here?"]);
});

test("the code about searching does what is said of it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { username: "alice" });
  alice.connect();
  const opening = alice.subscribe(7);
  const socket = await server.accept();
  await socket.welcome();
  await socket.subscribed(2);
  const lobby = await patiently("the group", opening);
  const shown: unknown[][] = [];
  const console = { log: (...values: unknown[]) => shown.push(values) };
  const [code, ...more] = codeUnder("Searching and listing");
  assert.deepEqual(more, []);
  const running = run(t, code!.replace(/^import .*\n/m, ""), { client: alice, lobby, splitHighlights, console });
  const found = { ...message(1), content: "🫖 Teapot?" };
  (await server.request("GET /api/v1/search/?q=tea*&group_id=7&limit=10&user_id=1")).answer(200, [{ message: found, highlights: [[2, 6]] }]);
  (await server.request("GET /api/v1/search/?q=tea*&before_id=101&user_id=1")).answer(200, []);
  await running;
  assert.deepEqual(shown, [["🫖 [Teapot]?"]]);
});
