import assert from "node:assert/strict";
import { test } from "node:test";

import { ClientError } from "groupcast-client";
import type { Tokens } from "groupcast-client";

// Not part of the interface: from its own file.
import { restUrlOf } from "../dist/rest.js";
import { all } from "./support/all.js";
import { client, kept, LOG_IN, PASSWORD, peer, REFRESH } from "./support/signing-in.js";
import { patiently, refused, until } from "./support/until.js";

test("a live connection goes on with a new token, which is fetched once whoever asks for it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: kept(1) });
  const [tokens, lost] = [all(alice, "tokens"), all(alice, "disconnected")];
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  socket.send({ type: "expiring", in_ms: 60_000 });
  const request = await server.request(REFRESH);
  assert.deepEqual(request.body, { refresh_token: "r1" });
  socket.send({ type: "expiring", in_ms: 1 });
  request.pair(2);
  const { id, token } = await socket.expect("refresh");
  assert.equal(token, "a2");
  socket.send({ type: "refreshed", id, expires_in: 3_600 });
  assert.deepEqual(tokens.map(({ refreshToken }) => refreshToken), ["r2"]);
  assert.equal(await alice.accessToken(), "a2");
  const answer = alice.presence(7);
  socket.send({ type: "presence", id: (await socket.expect("presence")).id, group_id: 7, online: 1 });
  await patiently("the answer", answer);
  assert.deepEqual([server.requests.length, server.count, lost.length], [0, 1, 0]);
});

test("a token is renewed when most of its life is over, connected or not", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, PASSWORD);
  alice.connect();
  const start = Date.now();
  (await server.request(LOG_IN)).pair(1, 2);
  const socket = await server.accept();
  const request = await server.request(REFRESH);
  const age = Date.now() - start;
  assert.ok(age >= 1_500, `after ${age} ms of 2,000`);
  const renewed = all(alice, "tokens");
  request.pair(2);
  await until("the new pair", () => renewed.length > 0);
  // It was shown the first one, and is shown the second as soon as it can be.
  await socket.welcome();
  assert.equal((await socket.expect("refresh"))["token"], "a2");
});

test("tokens that live for less than the server's notice are not renewed without end", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, PASSWORD);
  alice.connect();
  (await server.request(LOG_IN)).pair(1, 60);
  const socket = await server.accept();
  await socket.welcome();
  socket.send({ type: "expiring", in_ms: 1_200 });
  const start = Date.now();
  (await server.request(REFRESH)).pair(2, 60);
  assert.ok(Date.now() - start >= 200, "half of its life was left to it");
});

test("a live connection shows a new token again if the server has no time for it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: kept(1) });
  const errors = all(alice, "error");
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  socket.send({ type: "expiring", in_ms: 60_000 });
  (await server.request(REFRESH)).pair(2);
  const { id } = await socket.expect("refresh");
  const wait = { retry: true, retry_after_ms: 5 };
  socket.send({ type: "error", id, code: "unavailable", message: "the database is away", ...wait });
  const again = await socket.expect("refresh");
  assert.equal(again["token"], "a2");
  socket.send({ type: "error", id: again.id, code: "forbidden", message: "another user's", retry: false });
  await until("the error", () => errors.length > 0);
  assert.deepEqual(errors.map(({ code }) => code), ["forbidden"]);
});

test("a session that has ended is not connected again", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: kept(1) });
  const [signedOut, lost] = [all(alice, "signedOut"), all(alice, "disconnected")];
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  const sent = refused(alice.send(7, "x"), "unauthenticated");
  socket.send({ type: "expiring", in_ms: 60_000 });
  (await server.request(REFRESH)).cut();
  (await server.request(REFRESH)).answer(401, { detail: "Could not validate credentials" });
  await sent;
  await until("the end of the connection", () => socket.isClosed);
  assert.deepEqual(signedOut.map(({ reason }) => reason), ["session_ended"]);
  assert.deepEqual(lost.map(({ reconnectInMs, error }) => [reconnectInMs, error?.code]), [[undefined, "unauthenticated"]]);
  await refused(alice.connect(), "unauthenticated");
  assert.deepEqual([server.count, server.requests.length], [1, 0]);
});

test("a token that is refused is renewed once; messages and places outlive it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: kept(1) });
  const [signedOut, errors] = [all(alice, "signedOut"), all(alice, "error")];
  alice.connect();
  const reading = alice.subscribe(7, { position: { epoch: "e", seq: 10 } });
  let socket = await server.accept();
  await socket.welcome();
  await socket.subscribed(10);
  await reading;
  const sent = alice.send(7, "a");
  const { client_id } = await socket.expect("send");
  socket.messages(11);
  socket.send({ type: "error", code: "unauthenticated", message: "the token has ended", retry: false });
  socket.close(4001);
  (await server.request(REFRESH)).pair(2);

  socket = await server.accept();
  await until("hello", () => socket.frames.length > 0);
  assert.equal(socket.frames[0]?.["token"], "a2");
  await socket.welcome();
  assert.equal((await socket.subscribed(12))["after"], 11);
  const again = await socket.expect("send");
  assert.equal(again["client_id"], client_id);
  socket.send({ type: "ack", id: again.id, group_id: 7, message_id: 1, seq: 12, created_at: "", duplicate: true });
  assert.equal((await sent).seq, 12);
  assert.deepEqual([signedOut, errors], [[], []]);

  socket.close(4001);
  (await server.request(REFRESH)).pair(3);
  socket = await server.accept();
  const { id } = await socket.expect("hello");
  socket.send({ type: "error", id, code: "unauthenticated", message: "bad token", retry: false });
  socket.close(4001);
  await until("the end", () => signedOut.length > 0);
  assert.deepEqual(signedOut.map(({ reason, error }) => [reason, error?.code]), [["refused", "unauthenticated"]]);
  assert.deepEqual([server.count, server.requests.length], [3, 0]);
});

test("an issuer's token is replaced before it ends", async (t) => {
  const server = await peer(t);
  let calls = 0;
  const alice = client(t, server, { token: () => `t${(calls += 1)}` });
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  socket.send({ type: "expiring", in_ms: 100 });
  assert.equal((await socket.expect("refresh"))["token"], "t2");
});

test("kept tokens that have ended are renewed first", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: { ...kept(1), expiresAt: Date.now() - 1 } });
  alice.connect();
  (await server.request(REFRESH)).pair(2);
  assert.equal((await (await server.accept()).expect("hello"))["token"], "a2");
  const nobody = client(t, server, { tokens: () => null });
  const signedOut = all(nobody, "signedOut");
  await refused(nobody.connect(), "unauthenticated");
  assert.deepEqual(signedOut.map(({ reason }) => reason), ["session_ended"]);
});

test("the application may get the next pair itself", async (t) => {
  const server = await peer(t);
  const spent: string[] = [];
  const refresh = async (refreshToken: string): Promise<Tokens> => {
    spent.push(refreshToken);
    if (spent.length === 1) throw new Error("no network");
    if (spent.length === 2) return kept(2);
    throw new ClientError("unauthenticated", "over");
  };
  const alice = client(t, server, { tokens: kept(1), refresh });
  const signedOut = all(alice, "signedOut");
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  socket.send({ type: "expiring", in_ms: 60_000 });
  assert.equal((await socket.expect("refresh"))["token"], "a2");
  socket.send({ type: "expiring", in_ms: 0 });
  await until("the end", () => signedOut.length > 0);
  assert.deepEqual(spent, ["r1", "r1", "r2"]);
  assert.equal(server.requests.length, 0);
});

test("tabs that share what they keep spend each refresh token once", async (t) => {
  // What a browser has, and Node from version 24 on.
  const queues = new Map<string, Promise<unknown>>();
  const request = (name: string, work: () => Promise<unknown>): Promise<unknown> => {
    const turn = (queues.get(name) ?? Promise.resolve()).then(work);
    queues.set(name, turn.catch(() => undefined));
    return turn;
  };
  const navigator = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
  t.after(() => {
    Reflect.deleteProperty(globalThis, "navigator");
    if (navigator) Object.defineProperty(globalThis, "navigator", navigator);
  });

  const server = await peer(t);
  const claims = Buffer.from(JSON.stringify({ sub: "1", sid: 5 })).toString("base64url");
  let store: Tokens | null = { ...kept(1), accessToken: `e30.${claims}.x` };
  const tabs = [1, 2].map(() => client(t, server, { tokens: () => store }));
  const sockets = [];
  for (const tab of tabs) {
    tab.on("tokens", (tokens) => (store = tokens));
    tab.connect();
    const socket = await server.accept();
    await socket.welcome();
    sockets.push(socket);
  }
  for (const socket of sockets) socket.send({ type: "expiring", in_ms: 60_000 });
  const answer = await server.request(REFRESH);
  assert.equal(answer.body["refresh_token"], "r1");
  answer.pair(2, 7_200);
  for (const socket of sockets) assert.equal((await socket.expect("refresh"))["token"], "a2");
  assert.equal(server.requests.length, 0);
  assert.deepEqual([...queues.keys()], [`groupcast ${restUrlOf(server.url)} 5`]);

  // The first signs out; the second finds that out when its turn comes.
  store = null;
  const signedOut = all(tabs[1]!, "signedOut");
  sockets[1]!.close(4001);
  await until("the end", () => signedOut.length > 0);
  assert.deepEqual(signedOut.map(({ reason }) => reason), ["session_ended"]);
  assert.equal(server.requests.length, 0);
});
