import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client } from "groupcast-client";
import type { ConnectOptions, Disconnected, Message } from "groupcast-client";
import { WebSocket } from "ws";

import { message, Peer } from "./support/peer.js";
import { patiently, refused, until } from "./support/until.js";

const BACKOFF = { firstMs: 1, maxMs: 5 };

async function peer(t: TestContext): Promise<Peer> {
  const peer = await Peer.listen();
  t.after(() => peer.close());
  return peer;
}

function client(t: TestContext, url: string, options: Partial<ConnectOptions> = {}): Client {
  const client = new Client({ url, username: "alice", WebSocket, backoff: BACKOFF, ...options });
  t.after(() => client.close());
  return client;
}

/** The places of the messages that a client emits from now on. */
function places(client: Client): number[] {
  const places: number[] = [];
  client.on("message", (message) => places.push((message as Message).seq));
  return places;
}

test("a client says who it is and is welcomed", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const connected = alice.connect();
  const socket = await server.accept();
  await until("hello", () => socket.frames.length > 0);
  assert.equal(socket.frames[0]?.["username"], "alice");
  await socket.welcome();
  assert.deepEqual((await connected).user, { id: 1, username: "alice" });
});

test("doubles are dropped, and behind a hole it subscribes again", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const seen = places(alice);
  alice.connect();
  const lobby = alice.subscribe("lobby");
  const socket = await server.accept();
  await socket.welcome();
  const first = await socket.subscribed(3);
  assert.deepEqual([first["group"], first["after"]], ["lobby", undefined]);
  assert.equal((await lobby).group.id, 7);
  socket.messages(2, 3, 4, 4, 5, 7, 8);
  const again = await socket.subscribed(8);
  assert.deepEqual([again["group_id"], again["after"]], [7, 5]);
  socket.messages(6, 7, 8, 8, 9);
  await until("the last message", () => seen.length === 6);
  assert.deepEqual(seen, [4, 5, 6, 7, 8, 9]);
  assert.deepEqual((await lobby).position, { epoch: "e", seq: 9 });
});

test("after a reconnect a group goes on behind the last message", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const seen = places(alice);
  alice.connect();
  const reading = alice.subscribe(7, { position: { epoch: "e", seq: 10 } });
  let socket = await server.accept();
  await socket.welcome();
  assert.equal((await socket.subscribed(12))["after"], 10);
  await reading;
  socket.messages(11);
  await until("a message", () => seen.length === 1);
  socket.close(1011);
  socket = await server.accept();
  await socket.welcome();
  assert.equal((await socket.subscribed(12))["after"], 11);
  socket.messages(12);
  await until("the next message", () => seen.length === 2);
});

test("with another epoch it reads the history anew, even if a connection is lost over it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const seen = places(alice);
  const resets: unknown[] = [];
  alice.on("reset", (reset) => resets.push(reset));
  alice.connect();
  const reading = alice.subscribe(7, { position: { epoch: "old", seq: 90 } });
  let socket = await server.accept();
  await socket.welcome();
  await socket.subscribed(95, "new");
  await reading;
  socket.messages(91);
  await socket.expect("history");
  socket.close(1011);
  socket = await server.accept();
  await socket.welcome();
  assert.equal((await socket.subscribed(2, "new"))["after"], 90);
  const { id } = await socket.expect("history");
  const messages = [message(1), message(2)];
  socket.send({ type: "history", id, group_id: 7, messages, more: false });
  assert.equal((await socket.subscribed(3, "new"))["after"], 2);
  socket.messages(3);
  await until("a message", () => seen.length === 1);
  assert.deepEqual(seen, [3]);
  assert.deepEqual(resets, [{ group_id: 7, position: { epoch: "new", seq: 2 }, messages, more: false }]);
});

test("what was not acknowledged is sent again under the same name", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  alice.connect();
  const sent = ["a", "b", "c"].map((content) => alice.send(7, content));
  let socket = await server.accept();
  await socket.welcome();
  const [a, b, c] = [await socket.expect("send"), await socket.expect("send"), await socket.expect("send")];
  assert.deepEqual([a["content"], b["content"], c["content"]], ["a", "b", "c"]);
  socket.send({ type: "ack", id: b.id, group_id: 7, message_id: 5, seq: 2, created_at: "", duplicate: false });
  assert.equal((await sent[1])?.seq, 2);
  socket.close(1011);
  socket = await server.accept();
  await socket.welcome();
  for (const [frame, ack] of [[a, sent[0]] as const, [c, sent[2]] as const]) {
    const again = await socket.expect("send");
    assert.equal(again["client_id"], frame["client_id"]);
    socket.send({ type: "ack", id: again.id, group_id: 7, message_id: 4, seq: 1, created_at: "", duplicate: true });
    assert.equal((await ack)?.duplicate, true);
  }
  assert.equal(alice.unacknowledged, 0);
});

test("a refused message is sent again if it may be, and given up if not", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  alice.connect();
  const refusal = refused(alice.send(7, "never"), "forbidden");
  const limited = alice.send(7, "later");
  const socket = await server.accept();
  await socket.welcome();
  const never = await socket.expect("send");
  socket.send({ type: "error", id: never.id, code: "forbidden", message: "no member", retry: false });
  await refusal;
  const later = await socket.expect("send");
  socket.send({ type: "error", id: later.id, code: "rate_limited", message: "slowly", retry: true, retry_after_ms: 5 });
  const again = await socket.expect("send");
  assert.equal(again["client_id"], later["client_id"]);
  socket.send({ type: "ack", id: again.id, group_id: 7, message_id: 1, seq: 1, created_at: "", duplicate: false });
  await limited;
});

test("an ack after the server was unavailable and the ack of the repeat settle a message once", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  alice.connect();
  const sent = alice.send(7, "a");
  const socket = await server.accept();
  await socket.welcome();
  const ack = { type: "ack", group_id: 7, message_id: 1, seq: 1, created_at: "" };
  const first = await socket.expect("send");
  socket.send({ type: "error", id: first.id, code: "unavailable", message: "wait", retry: true, retry_after_ms: 5 });
  socket.send({ ...ack, id: first.id, duplicate: false });
  const again = await socket.expect("send");
  assert.equal(again["client_id"], first["client_id"]);
  assert.equal(alice.unacknowledged, 1);
  socket.send({ ...ack, id: again.id, duplicate: true });
  assert.equal((await sent).seq, 1);
  assert.equal(alice.unacknowledged, 0);
});

test("after a refusal for the rate it sends one message, and more with each that is acknowledged", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  alice.connect();
  const sent = Promise.all(Array.from({ length: 200 }, (_, index) => alice.send(7, `${index}`)));
  const socket = await server.accept();
  await socket.welcome();
  const sends = (): number => socket.frames.filter(({ type }) => type === "send").length;
  await until("the first window", () => sends() === 64);
  const error = { type: "error", code: "rate_limited", message: "slowly", retry: true, retry_after_ms: 5 };
  for (const { id } of socket.frames.splice(0)) socket.send({ ...error, id });
  for (let seq = 1; seq <= 200; seq += 1) {
    const { id } = await socket.expect("send");
    const unanswered = 1 + sends();
    assert.ok(unanswered <= Math.min(2 ** (seq - 1), 64), `${unanswered} before the acknowledgement ${seq}`);
    socket.send({ type: "ack", id, group_id: 7, message_id: seq, seq, created_at: "", duplicate: false });
  }
  await patiently("the acknowledgements", sent);
});

test("the outbox is bounded in messages and bytes, and emptied by close", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url, { outbox: { messagesMax: 3, bytesMax: 10 } });
  const kept = [alice.send(7, "ééé"), alice.send(7, "1234")];
  await refused(alice.send(7, "x"), "outbox_full");
  kept.push(alice.send(7, ""));
  await refused(alice.send(7, ""), "outbox_full");
  const closed = kept.map((sent) => refused(sent, "closed"));
  alice.close();
  await Promise.all(closed);
  await refused(alice.send(7, "x"), "closed");
  await refused(alice.connect(), "closed");
});

test("what the server would close the socket for is not sent", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  alice.connect();
  const refusal = refused(alice.send(7, "x".repeat(2_000)), "too_large");
  await (await server.accept()).welcome();
  await refusal;
});

test("a silent server is asked, and left when it stays silent", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  alice.connect();
  const socket = await server.accept();
  await socket.welcome(20);
  for (let count = 0; count < 3; count += 1) {
    await socket.expect("ping");
    socket.send({ type: "pong" });
  }
  await socket.expect("ping");
  await server.accept();
});

test("a server that never welcomes is left", async (t) => {
  const server = await peer(t);
  client(t, server.url, { connectTimeoutMs: 20 }).connect();
  await server.accept();
  await (await server.accept()).welcome();
});

test("a server that stops says when to come back", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url, { backoff: { firstMs: 1e9, maxMs: 1e9 } });
  const events: Disconnected[] = [];
  alice.on("disconnected", (event) => events.push(event));
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  socket.send({ type: "closing", reason: "the server stops", reconnect_in_ms: 7 });
  socket.close(1001);
  await (await server.accept()).welcome();
  assert.deepEqual(events, [{ code: 1001, reason: "", reconnectInMs: 7 }]);
});

test("a server that asks for time gets it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const waits: number[] = [];
  alice.on("disconnected", ({ reconnectInMs = 0 }) => waits.push(reconnectInMs));
  alice.connect();
  const socket = await server.accept();
  const { id } = await socket.expect("hello");
  const wait = { retry: true, retry_after_ms: 30 };
  socket.send({ type: "error", id, code: "unavailable", message: "the database is away", ...wait });
  await (await server.accept()).welcome();
  assert.ok(waits.length === 1 && waits[0]! >= 30, `${waits}`);
});

test("a user who is refused is not tried again", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const events: Disconnected[] = [];
  alice.on("disconnected", (event) => events.push(event));
  const pending = [alice.send(7, "x"), alice.subscribe(7), alice.connect()];
  const refusals = pending.map((promise) => refused(promise, "unauthenticated"));
  const socket = await server.accept();
  const { id } = await socket.expect("hello");
  socket.send({ type: "error", id, code: "unauthenticated", message: "unknown user", retry: false });
  socket.close(4001);
  await Promise.all(refusals);
  assert.equal(events.length, 1);
  assert.equal(events[0]?.reconnectInMs, undefined);
  assert.equal(server.count, 1);
});

test("what nobody can read is passed over", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const connected = alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  await connected;
  socket.send([]);
  socket.send({ type: "of a later version", group_id: 7 });
  socket.messages(1);
  const answer = alice.presence(7);
  const { id } = await socket.expect("presence");
  socket.send({ type: "presence", id, group_id: 7, online: 3 });
  assert.equal((await patiently("the answer", answer)).online, 3);
});

test("a group asked for by name and by number is read once", async (t) => {
  const server = await peer(t);
  const alice = client(t, server.url);
  const seen = places(alice);
  alice.connect();
  const both = [alice.subscribe("lobby"), alice.subscribe(7), alice.subscribe("lobby")];
  const socket = await server.accept();
  await socket.welcome();
  await socket.subscribed(0);
  await socket.subscribed(0);
  const [byName, byNumber, again] = await Promise.all(both);
  assert.equal(byName, byNumber);
  assert.equal(byName, again);
  socket.messages(1, 2);
  await until("the messages", () => seen.length >= 2);
  assert.deepEqual(seen, [1, 2]);
  const ended = byName!.unsubscribe();
  const { id } = await socket.expect("unsubscribe");
  socket.messages(3);
  socket.send({ type: "unsubscribed", id, group_id: 7 });
  await ended;
  assert.deepEqual(seen, [1, 2]);
});
