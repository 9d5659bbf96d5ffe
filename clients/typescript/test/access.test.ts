import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client } from "groupcast-client";
import type { Credentials, Message, Tokens } from "groupcast-client";
import { WebSocket } from "ws";

import { all } from "./support/all.js";
import { Proxy } from "./support/proxy.js";
import { Random } from "./support/random.js";
import { Server } from "./support/server.js";
import { claimsOf, endingIn } from "./support/token.js";
import { patiently, refused, until } from "./support/until.js";

const seed = Number(process.env["GROUPCAST_SEED"] ?? randomInt(2 ** 32));

/** A server that asks for tokens, with these users. */
async function start(t: TestContext, ...usernames: string[]): Promise<Server> {
  const server = await Server.start(t, "--auth=token");
  for (const username of usernames) await server.user(username);
  return server;
}

function client(t: TestContext, url: string, credentials: Credentials): Client {
  const client = new Client({ url, WebSocket, backoff: { firstMs: 5, maxMs: 100 }, ...credentials });
  t.after(() => client.close());
  return client;
}

/** A client that has signed in with the user's password. */
async function enter(t: TestContext, server: Server, username: string): Promise<Client> {
  const entered = client(t, server.url, { username, password: "secret" });
  assert.equal((await patiently("the welcome", entered.connect())).user.username, username);
  return entered;
}

/** The tokens of a new session. */
async function logIn(server: Server, username: string): Promise<Tokens> {
  const pair = await server.request("POST", "sessions/", undefined, { username, password: "secret" });
  return tokensOf(pair);
}

function tokensOf(pair: unknown): Tokens {
  const { access_token, refresh_token, expires_in } = pair as Record<string, string>;
  const expiresAt = Date.now() + Number(expires_in) * 1_000;
  return { accessToken: access_token!, refreshToken: refresh_token!, expiresAt };
}

/** Whether the server takes a token. */
async function isTaken(server: Server, token: string): Promise<boolean> {
  return server.request("GET", "users/me", token).then(
    () => true,
    (error: Error) => {
      assert.match(error.message, /401/);
      return false;
    },
  );
}

test("a password signs in, by name and by address, until the log-out", async (t) => {
  const server = await start(t, "alice", "bob");
  const alice = await enter(t, server, "alice");
  const bob = client(t, server.url, { email: "bob@example.com", password: "secret" });
  const heard = all(bob, "message");
  assert.equal((await patiently("the welcome", bob.connect())).user.username, "bob");
  const group = await server.group("lobby", await alice.accessToken());
  await patiently("the subscription", bob.subscribe(group));
  await patiently("the acknowledgement", alice.send(group, "Hello!"));
  await until("alice's message", () => heard.length > 0);

  const token = (await alice.accessToken())!;
  assert.ok(await isTaken(server, token));
  const signedOut = all(alice, "signedOut");
  await patiently("the log-out", alice.logOut());
  assert.deepEqual(signedOut, [{ reason: "logged_out" }]);
  assert.ok(!(await isTaken(server, token)));
  await refused(client(t, server.url, { token }).connect(), "unauthenticated");
  await refused(client(t, server.url, { username: "alice", password: "wrong" }).connect(), "unauthenticated");
  await refused(client(t, server.url, { username: "alice" }).connect(), "unauthenticated");
});

test("a connection outlives its token", async (t) => {
  const server = await start(t, "alice");
  const tokens = await logIn(server, "alice");
  // The client thinks that it has time; the server knows better.
  const ended = Date.now() + 3_000;
  const alice = client(t, server.url, { tokens: { ...tokens, accessToken: endingIn(2, tokens.accessToken) } });
  const [pairs, lost, errors] = [all(alice, "tokens"), all(alice, "disconnected"), all(alice, "error")];
  await patiently("the welcome", alice.connect());
  await until("the new pair", () => pairs.length > 0);
  const group = await server.group("lobby", pairs[0]?.accessToken);
  await until("the end of the first token", () => Date.now() > ended);
  assert.equal((await patiently("the acknowledgement", alice.send(group, "Still here."))).seq, 1);
  assert.deepEqual([pairs.length, lost, errors], [1, [], []]);
});

test("a token that has ended is renewed before the connection is given up", async (t) => {
  const server = await start(t, "alice");
  const tokens = await logIn(server, "alice");
  const alice = client(t, server.url, { tokens: { ...tokens, accessToken: endingIn(-60, tokens.accessToken) } });
  const [pairs, lost] = [all(alice, "tokens"), all(alice, "disconnected")];
  await patiently("the welcome", alice.connect());
  assert.deepEqual([pairs.length, lost.length], [1, 1]);
  // The first one's refresh token is spent. Who shows it again ends the session.
  const again = client(t, server.url, { tokens: { ...tokens, expiresAt: 0 } });
  await refused(again.connect(), "unauthenticated");
  const signedOut = all(alice, "signedOut");
  await until("the end of the session", () => signedOut.length > 0);
  assert.equal(signedOut[0]?.reason, "session_ended");
  assert.equal(lost.at(-1)?.reconnectInMs, undefined);
});

test("a session that was ended elsewhere is over", async (t) => {
  const server = await start(t, "alice");
  const alice = await enter(t, server, "alice");
  const signedOut = all(alice, "signedOut");
  const { sid } = claimsOf((await alice.accessToken())!);
  const { accessToken } = await logIn(server, "alice");
  await server.request("DELETE", `sessions/${sid}`, accessToken);
  await until("the end", () => signedOut.length > 0);
  assert.equal(signedOut[0]?.reason, "session_ended");
  await refused(alice.connect(), "unauthenticated");
});

test(`every message exactly once, over ends of tokens and cuts (GROUPCAST_SEED=${seed})`, async (t) => {
  const total = 400;
  const server = await start(t, "alice", "bob");
  const proxy = await Proxy.listen(server.port, new Random(seed), 20_000);
  t.after(() => proxy.close());
  const bob = await enter(t, server, "bob");
  const group = await server.group("lobby", await bob.accessToken());
  const heard = all(bob, "message");
  await patiently("the subscription", bob.subscribe(group));

  // Tokens that live for two seconds, which no setting of the server makes.
  const brief = (pair: Tokens): Tokens => {
    return { ...pair, accessToken: endingIn(2, pair.accessToken), expiresAt: Date.now() + 2_000 };
  };
  const refresh = async (refresh_token: string): Promise<Tokens> => {
    return brief(tokensOf(await server.request("POST", "sessions/refresh/", undefined, { refresh_token })));
  };
  const alice = client(t, proxy.url, { tokens: brief(await logIn(server, "alice")), refresh });
  const [pairs, signedOut, seen] = [all(alice, "tokens"), all(alice, "signedOut"), all(alice, "message")];
  alice.connect();
  const lobby = await patiently("the subscription", alice.subscribe(group));
  const sent = [];
  for (let index = 0; index < total; index += 1) {
    sent.push(lobby.send(`${index}`));
    // Over the lives of a few tokens.
    if (index % 8 === 7) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const acks = await patiently("the acknowledgements", Promise.all(sent));
  await until("all to be seen", () => heard.length >= total && seen.length >= total);

  const stored = (await server.messages(group, await bob.accessToken())) as Message[];
  assert.deepEqual(stored.map(({ seq }) => seq), Array.from({ length: total }, (_, index) => index + 1));
  assert.equal(new Set(stored.map(({ content }) => content)).size, total);
  for (const messages of [heard, seen]) {
    assert.deepEqual(messages.map(({ content }) => content), stored.map(({ content }) => content));
  }
  for (const [index, { seq }] of acks.entries()) assert.equal(stored[seq - 1]?.content, `${index}`);
  assert.deepEqual(signedOut, []);
  assert.ok(pairs.length >= 2 && proxy.cuts >= 1, `${pairs.length} pairs, ${proxy.cuts} cuts`);
  t.diagnostic(`${total} messages, ${pairs.length} new tokens, ${proxy.cuts} cuts`);
});

test("a group that one was added to is there without a question", async (t) => {
  const server = await start(t, "alice", "bob");
  const alice = await enter(t, server, "alice");
  const bob = client(t, server.url, { username: "bob", password: "secret" });
  await patiently("the welcome", bob.connect());
  await patiently("the groups", bob.groups.follow());
  const added = all(bob, "added");
  const [owner, me] = [await alice.accessToken(), await bob.accessToken()];
  const { id } = (await server.request("GET", "users/me", me)) as { id: number };
  const group = await server.group("club", owner);
  await server.request("PUT", `groups/${group}/members/${id}`, owner, { role: "admin" });
  await until("the group", () => bob.groups.all.some(({ group: { id }, open }) => id === group && open !== undefined));
  assert.deepEqual(added.map(({ group, role }) => [group.id, role]), [[group, "admin"]]);
  await patiently("the acknowledgement", alice.send(group, "Welcome."));
  await until("the message", () => bob.groups.all.some(({ lastMessage }) => lastMessage?.content === "Welcome."));
});

test("who is removed from a group is told why, and does not come back by reconnecting", async (t) => {
  const server = await start(t, "alice", "bob");
  const proxy = await Proxy.listen(server.port, new Random(0), Number.MAX_SAFE_INTEGER);
  t.after(() => proxy.close());
  const alice = await enter(t, server, "alice");
  const bob = client(t, proxy.url, { username: "bob", password: "secret" });
  await patiently("the welcome", bob.connect());
  const [removed, heard, errors] = [all(bob, "removed"), all(bob, "message"), all(bob, "error")];
  const [owner, me] = [await alice.accessToken(), await bob.accessToken()];
  const { id } = (await server.request("GET", "users/me", me)) as { id: number };
  const removals = [
    ["left", "DELETE", (group: number) => `groups/${group}/members/${id}`, me],
    ["kicked", "DELETE", (group: number) => `groups/${group}/members/${id}`, owner],
    ["banned", "PUT", (group: number) => `groups/${group}/bans/${id}`, owner],
    ["deleted", "DELETE", (group: number) => `groups/${group}`, owner],
  ] as const;
  const groups = new Map<string, number>();
  for (const [reason, method, path, token] of removals) {
    const group = await server.group(`group of the ${reason}`, owner);
    groups.set(reason, group);
    const subscription = await patiently("the subscription", bob.subscribe(group));
    const reasons: string[] = [];
    subscription.on("removed", (event) => reasons.push(event.reason));
    await server.request(method, path(group), token, reason === "banned" ? {} : undefined);
    await until(`the news of being ${reason}`, () => reasons.length > 0);
    assert.deepEqual(reasons, [reason]);
    assert.deepEqual([removed.at(-1)?.group_id, removed.at(-1)?.reason], [group, reason]);
    await refused(subscription.send("May I?"), reason === "deleted" ? "not_found" : "forbidden");
    if (reason !== "deleted") await patiently("the acknowledgement", alice.send(group, "Gone."));
  }

  const back = all(bob, "connected");
  await server.kill();
  await server.restart();
  proxy.target = server.port;
  await until("bob to be back", () => back.length > 0);
  await refused(bob.subscribe(groups.get("banned")!), "forbidden");
  await refused(bob.subscribe(groups.get("deleted")!), "not_found");
  // Answered behind whatever was asked for before.
  for (const reason of ["left", "kicked"]) {
    const members = (await server.request("GET", `groups/${groups.get(reason)}/members/`, owner)) as object[];
    assert.equal(members.length, 1, `${reason} and back by itself`);
  }
  await patiently("the subscription", bob.subscribe(groups.get("kicked")!));
  assert.deepEqual([heard, errors], [[], []]);
});

test("a key speaks as its user, or as whom it names", async (t) => {
  const server = await start(t, "alice", "bob");
  const alice = await server.key("of alice", "--scope", "write", "--as", "alice");
  const any = await server.key("of anybody", "--scope", "write", "--as-any");
  const one = client(t, server.url, { token: alice });
  assert.equal((await patiently("the welcome", one.connect())).user.username, "alice");
  const other = client(t, server.url, { token: async () => any, username: "bob" });
  assert.equal((await patiently("the welcome", other.connect())).user.username, "bob");
  await refused(client(t, server.url, { token: any }).connect(), "unauthenticated");
});
