import assert from "node:assert/strict";
import { test } from "node:test";

import { ClientError } from "groupcast-client";

// Not part of the interface: from its own file.
import { restUrlOf } from "../dist/rest.js";
import { all } from "./support/all.js";
import { client, kept, LOG_IN, LOG_OUT, PASSWORD, peer, REFRESH } from "./support/signing-in.js";
import { patiently, refused, until } from "./support/until.js";

test("the REST interface is beside the socket", () => {
  assert.equal(restUrlOf("ws://127.0.0.1:8000/ws"), "http://127.0.0.1:8000/api/v1");
  assert.equal(restUrlOf("wss://chat.example.com/api/v1/ws?protocol=chat.v1.json"), "https://chat.example.com/api/v1");
  assert.equal(restUrlOf("wss://example.com/chat/ws"), "https://example.com/chat/api/v1");
  assert.equal(restUrlOf("wss://example.com"), "https://example.com/api/v1");
});

test("a password begins a session, whose token is shown to the socket", async (t) => {
  const server = await peer(t);
  for (const credentials of [PASSWORD, { email: "alice@example.com", password: "secret" }]) {
    const alice = client(t, server, credentials);
    const tokens = all(alice, "tokens");
    const connected = alice.connect();
    const request = await server.request(LOG_IN);
    assert.deepEqual(request.body, credentials);
    const before = Date.now();
    request.pair(1);
    const socket = await server.accept();
    await until("hello", () => socket.frames.length > 0);
    assert.deepEqual(socket.frames[0], { type: "hello", id: 1, token: "a1" });
    await socket.welcome();
    await connected;
    const { expiresAt, ...pair } = tokens[0]!;
    assert.deepEqual(pair, { accessToken: "a1", refreshToken: "r1" });
    assert.ok(expiresAt > before + 3_000_000 && expiresAt <= Date.now() + 3_600_000, `${expiresAt - before}`);
    assert.equal(await alice.accessToken(), "a1");
    alice.close();
  }
  assert.equal(server.requests.length, 0);
});

test("a wrong password ends it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, PASSWORD);
  const [signedOut, lost] = [all(alice, "signedOut"), all(alice, "disconnected")];
  const refusals = [alice.connect(), alice.send(7, "x"), alice.subscribe(7)].map((it) => refused(it, "unauthenticated"));
  (await server.request(LOG_IN)).answer(401, { detail: "Incorrect username or password" });
  await Promise.all(refusals);
  assert.deepEqual(signedOut.map(({ reason, error }) => [reason, error?.message]), [["refused", "Incorrect username or password"]]);
  assert.deepEqual(lost.map(({ reconnectInMs }) => reconnectInMs), [undefined]);
  assert.equal(server.count, 0);
  await refused(alice.accessToken(), "unauthenticated");
  // A list of what does not validate holds what was sent.
  const bob = client(t, server, { username: "bob", password: "hunter2" });
  const refusal = assert.rejects(bob.connect(), (error: ClientError) => !error.message.includes("hunter2"));
  (await server.request(LOG_IN)).answer(422, { detail: [{ input: { password: "hunter2" } }] });
  await refusal;
});

test("a server that can not be reached or is busy is asked again", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, PASSWORD);
  const errors = all(alice, "error");
  const connected = alice.connect();
  (await server.request(LOG_IN)).cut();
  (await server.request(LOG_IN)).answer(503, { detail: "the database is away" });
  const start = Date.now();
  (await server.request(LOG_IN)).answer(429, { detail: "Too many wrong passwords" }, { "retry-after": "1" });
  (await server.request(LOG_IN)).pair(1);
  assert.ok(Date.now() - start >= 990, "it waits as long as it is told to");
  await (await server.accept()).welcome();
  await connected;
  assert.deepEqual(errors.map(({ code, retry }) => [code, retry]), [
    ["disconnected", true],
    ["unavailable", true],
    ["rate_limited", true],
  ]);
});

test("a key is shown as it is, and a function is asked for each connection", async (t) => {
  const server = await peer(t);
  const bot = client(t, server, { token: "gck_1", username: "alice" });
  const gone = all(bot, "signedOut");
  bot.connect();
  let socket = await server.accept();
  await until("hello", () => socket.frames.length > 0);
  assert.deepEqual(socket.frames[0], { type: "hello", id: 1, token: "gck_1", username: "alice" });
  await socket.welcome();
  socket.close(4001);
  await until("the end", () => gone.length > 0);
  assert.deepEqual([gone[0]?.reason, server.count], ["refused", 1]);

  let calls = 0;
  const alice = client(t, server, { token: async () => `t${(calls += 1)}` });
  alice.connect();
  for (const token of ["t1", "t2"]) {
    socket = await server.accept();
    assert.equal((await socket.expect("hello"))["token"], token);
    socket.close(4001);
  }
  await refused(alice.connect(), "unauthenticated");
  const bob = client(t, server, {
    token: () => {
      throw new ClientError("unauthenticated", "not with us");
    },
  });
  await refused(bob.connect(), "unauthenticated");
  assert.deepEqual([server.count, server.requests.length], [3, 0]);
});

test("who logs out is forgotten", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, PASSWORD);
  const [signedOut, lost] = [all(alice, "signedOut"), all(alice, "disconnected")];
  alice.connect();
  (await server.request(LOG_IN)).pair(1);
  const socket = await server.accept();
  await socket.welcome();
  const sent = refused(alice.send(7, "x"), "closed");
  const done = alice.logOut();
  const request = await server.request(LOG_OUT);
  assert.equal(request.authorization, "Bearer a1");
  // As the server does it.
  socket.close(4001);
  request.answer(204);
  await patiently("the log-out", done);
  await sent;
  await until("the end of the connection", () => socket.isClosed);
  assert.deepEqual(signedOut, [{ reason: "logged_out" }]);
  assert.deepEqual(lost, []);
  await refused(alice.accessToken(), "closed");
  assert.deepEqual([server.requests.length, server.count], [0, 1]);
});

test("a log-out waits for the pair that is under way, and tells if the server does not hear of it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: { ...kept(1), expiresAt: 0 } });
  const [tokens, signedOut] = [all(alice, "tokens"), all(alice, "signedOut")];
  const connected = refused(alice.connect(), "closed");
  const refresh = await server.request(REFRESH);
  const done = refused(alice.logOut(), "disconnected");
  refresh.pair(2);
  const request = await server.request(LOG_OUT);
  assert.equal(request.authorization, "Bearer a2");
  request.cut();
  await Promise.all([done, connected]);
  assert.deepEqual([tokens.length, signedOut], [1, [{ reason: "logged_out" }]]);
  assert.equal(server.count, 0);
});

test("a name has nothing to log out of", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { username: "alice" });
  assert.equal(await alice.accessToken(), undefined);
  await alice.logOut();
  await refused(alice.connect(), "closed");
  assert.equal(server.requests.length, 0);
});

test("another user's token is not taken", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { token: () => "t" });
  alice.connect();
  let socket = await server.accept();
  await socket.welcome();
  const sent = refused(alice.send(7, "x"), "forbidden");
  await socket.expect("send");
  socket.close(1011);
  socket = await server.accept();
  await socket.welcome(60_000, 2);
  await sent;
  await until("the end of the connection", () => socket.isClosed);
  assert.deepEqual(socket.frames, []);
});

test("requests are made with what was handed in, to where it says", async (t) => {
  const server = await peer(t);
  const urls: string[] = [];
  const alice = client(t, server, PASSWORD, {
    restUrl: "https://chat.example.com/v1/",
    fetch: async (url, init) => {
      urls.push(`${init.method} ${url}`);
      const body = { access_token: "a1", refresh_token: "r1", expires_in: 60 };
      return { status: 200, headers: new Headers(), json: async () => body };
    },
  });
  alice.connect();
  assert.equal((await (await server.accept()).expect("hello"))["token"], "a1");
  assert.deepEqual(urls, ["POST https://chat.example.com/v1/sessions/"]);
});
