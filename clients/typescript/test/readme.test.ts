import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client, GroupState } from "groupcast-client";
import type { ConnectOptions, Credentials, Tokens } from "groupcast-client";
import { WebSocket } from "ws";

import { Server } from "./support/server.js";
import { patiently } from "./support/until.js";

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
  const client = new Client({ url: server.url, username: "alice", WebSocket });
  t.after(() => client.close());
  client.connect();
  const lobby = await patiently("the subscription", client.subscribe("lobby"));
  const shown: unknown[][] = [];
  const console = { log: (...values: unknown[]) => shown.push(values) };
  const [changes, state, ...more] = codeUnder("Editing, deleting, reacting");
  assert.deepEqual(more, []);

  await run(t, changes!, { lobby });
  const first = await patiently("the message", lobby.send("Anybody?"));
  await patiently("the reaction", lobby.react(first.message_id, "👍", true));
  await run(t, state!.replace(/^import .*\n/m, ""), { client, lobby, GroupState, console });
  const { user } = await client.connect();
  assert.deepEqual(shown, [["", []], ["Hello yourself!", []], ["Anybody?", [user.id]]]);
});
