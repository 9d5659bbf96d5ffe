import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { Client, Deleted, Edited, GroupChange, LogEntry, MemberChange, Message, Reaction } from "groupcast-client";

import { message } from "./support/peer.js";
import type { Peer, PeerSocket } from "./support/peer.js";
import { client, peer } from "./support/signing-in.js";
import { patiently, refused, until } from "./support/until.js";

const USER = { username: "alice" };

/** An entry of the log of the group 7, other than a message. */
function change(type: string, seq: number, fields: object): object {
  return { type, group_id: 7, seq, user_id: 2, username: "bob", created_at: `t${seq}`, ...fields };
}

/** One entry of each type from this place on, and one of a type that no client knows yet. */
function ofEachType(first: number): { type: string }[] {
  const of = { message_id: 101, message_seq: 1 };
  const member = { id: 3, username: "carol" };
  return [
    { type: "message", ...message(first), reply_to: 101, thread_id: 101, mentions: [1] },
    change("edited", first + 1, { ...of, content: "new", mentions: [1] }),
    change("reaction", first + 2, { ...of, emoji: "👍", on: true }),
    change("deleted", first + 3, of),
    change("member", first + 4, { member, change: "role", role: "admin" }),
    change("group", first + 5, { topic: "tea" }),
    // In what is no answer, an `id` is nobody's request.
    change("pinned", first + 6, { id: 2, ...of }),
  ] as { type: string }[];
}

async function welcomed(server: Peer): Promise<PeerSocket> {
  const socket = await server.accept();
  await socket.welcome();
  return socket;
}

function acknowledge(socket: PeerSocket, { id }: { id?: number }, seq: number, fields: object = {}): void {
  const ack = { group_id: 7, message_id: 101, seq, created_at: "", duplicate: false };
  socket.send({ type: "ack", id, ...ack, ...fields });
}

async function reading(
  t: TestContext,
): Promise<{ server: Peer; alice: Client; socket: PeerSocket; lobby: Awaited<ReturnType<Client["subscribe"]>> }> {
  const server = await peer(t);
  const alice = client(t, server, USER);
  alice.connect();
  const subscribing = alice.subscribe(7);
  const socket = await welcomed(server);
  await socket.subscribed(0);
  return { server, alice, socket, lobby: await patiently("the subscription", subscribing) };
}

test("all entries of a log have places, and each has an event, in order and once", async (t) => {
  const { alice, socket, lobby } = await reading(t);
  const entries = ofEachType(1);
  const seen: LogEntry[] = [];
  const byName: unknown[] = [];
  lobby.on("entry", (entry) => seen.push(entry));
  for (const name of ["message", "edited", "reaction", "deleted", "member", "group"] as const) {
    lobby.on(name, (event) => byName.push(event));
    alice.on(name, (event) => byName.push(event));
  }
  // The types say what is in each.
  lobby.on("edited", ({ content, message_id }: Edited) => assert.deepEqual([content, message_id], ["new", 101]));
  lobby.on("reaction", ({ emoji, on }: Reaction) => assert.deepEqual([emoji, on], ["👍", true]));
  lobby.on("deleted", ({ message_seq }: Deleted) => assert.equal(message_seq, 1));
  lobby.on("member", ({ member, role }: MemberChange) => assert.deepEqual([member.id, role], [3, "admin"]));
  lobby.on("group", ({ topic, name }: GroupChange) => assert.deepEqual([topic, name], ["tea", undefined]));

  for (const entry of entries) {
    socket.send(entry);
    socket.send(entry);
    // None of these is a place of its own.
    for (const type of ["read", "lagged", "caught_up"]) socket.send({ type, group_id: 7, user_id: 1, seq: 8 });
  }
  socket.send({ type: "message", ...message(8) });
  await until("the last entry", () => seen.length === 8);
  assert.deepEqual(seen.slice(0, 7), entries);
  assert.deepEqual(byName.slice(0, -2), entries.slice(0, 6).flatMap((entry) => [entry, entry]));
  assert.equal(lobby.position.seq, 8);
  assert.deepEqual(socket.frames, []);
});

test("a hole among entries of any type is filled", async (t) => {
  const { server, socket, lobby } = await reading(t);
  const places: number[] = [];
  lobby.on("entry", ({ seq }) => places.push(seq));
  const log = [...ofEachType(1), ...ofEachType(8)];
  socket.send(log[0]!);
  for (let missing = 2; missing < log.length; missing += 1) {
    // Whatever is missing, and whatever shows it.
    socket.send(log[missing]!);
    assert.equal((await socket.subscribed(log.length))["after"], missing - 1);
    socket.send(log[missing - 1]!);
  }
  socket.send(log.at(-1)!);
  await until("all entries", () => places.length === log.length);
  assert.deepEqual(places, log.map((_, index) => index + 1));
  socket.close(1011);
  const next = await welcomed(server);
  assert.equal((await next.subscribed(log.length))["after"], log.length);
});

test("what comes with the first answer is heard by who waited for it", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, USER);
  alice.connect();
  const subscribing = alice.subscribe(7, { position: { epoch: "e", seq: 0 } });
  const socket = await welcomed(server);
  const entries = ofEachType(1);
  // Answer and replay in one piece.
  await socket.together(async () => {
    await socket.subscribed(7);
    for (const entry of entries) socket.send(entry);
    socket.send({ type: "caught_up", group_id: 7, seq: 7 });
    socket.send({ type: "unsubscribed", group_id: 7, reason: "kicked" });
  });
  const lobby = await subscribing;
  const seen: unknown[] = [];
  lobby.on("entry", (entry) => seen.push(entry));
  alice.on("caught_up", ({ seq }) => seen.push(seq));
  lobby.on("removed", ({ reason }) => seen.push(reason));
  await until("the end", () => seen.includes("kicked"));
  assert.deepEqual(seen, [...entries, 7, "kicked"]);
});

test("what a log does not keep any more is no hole", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, USER);
  const places: number[] = [];
  alice.on("message", (event) => places.push((event as Message).seq));
  alice.connect();
  const subscribing = alice.subscribe(7, { position: { epoch: "e", seq: 3 } });
  const socket = await welcomed(server);
  const { id, after } = await socket.expect("subscribe");
  const group = { id: 7, name: "lobby", is_private: false };
  socket.send({ type: "subscribed", id, group, group_id: 7, epoch: "e", head_seq: 11, first_seq: 10, after });
  socket.messages(10, 11);
  await subscribing;
  await until("what is kept", () => places.length === 2);
  assert.deepEqual(places, [10, 11]);
  assert.deepEqual(socket.frames, []);
});

test("changes are acknowledged, and sent again as they were", async (t) => {
  const { server, alice, socket, lobby } = await reading(t);
  const asked = [
    lobby.send("answer", { replyTo: 101 }),
    lobby.edit(102, "new", { clientId: "mine" }),
    lobby.edit(103, "newer"),
    lobby.deleteMessage(104),
    lobby.react(105, "👍", false),
  ];
  assert.equal(alice.unacknowledged, 5);
  const types = ["send", "edit", "edit", "delete", "react"];
  const frames: Awaited<ReturnType<PeerSocket["expect"]>>[] = [];
  for (const type of types) frames.push(await socket.expect(type));
  const bodies = frames.map(({ id: _, type: __, ...fields }): Record<string, unknown> => fields);
  const [send, named, edit, deletion, reaction] = bodies;
  assert.deepEqual(send, { group_id: 7, content: "answer", client_id: send!["client_id"], reply_to: 101 });
  assert.deepEqual(named, { group_id: 7, message_id: 102, content: "new", client_id: "mine" });
  assert.deepEqual(edit, { group_id: 7, message_id: 103, content: "newer", client_id: edit!["client_id"] });
  assert.match(edit!["client_id"] as string, /^[0-9a-f-]{36}$/);
  assert.deepEqual(deletion, { group_id: 7, message_id: 104 });
  assert.deepEqual(reaction, { group_id: 7, message_id: 105, emoji: "👍", on: false });

  acknowledge(socket, frames[1]!, 5, { client_id: "mine" });
  assert.deepEqual([(await asked[1])?.seq, (await asked[1])?.client_id], [5, "mine"]);
  socket.close(1011);
  const later = await welcomed(server);
  for (const [index, type] of types.entries()) {
    if (index === 1) continue;
    const frame = await later.expect(type);
    const { id: _, type: __, ...again } = frame;
    assert.deepEqual(again, bodies[index]);
    acknowledge(later, frame, 10 + index, { duplicate: true });
    const ack = await patiently("the acknowledgement", asked[index]!);
    assert.deepEqual([ack.seq, ack.duplicate], [10 + index, true]);
  }
  assert.equal(alice.unacknowledged, 0);
});

test("changes to one message wait for each other, so the last one counts", async (t) => {
  const { socket, lobby } = await reading(t);
  const on = lobby.react(105, "👍", true);
  const off = lobby.react(105, "👍", false);
  const tooLong = refused(lobby.edit(106, "x".repeat(5_000)), "too_large");
  const edited = lobby.edit(106, "short");
  const gone = lobby.deleteMessage(105);
  await tooLong;
  const first = await socket.expect("react");
  // What is about another message does not wait, nor what is behind one that failed.
  acknowledge(socket, await socket.expect("edit"), 2);
  await edited;
  assert.deepEqual(socket.frames, []);
  const refusal = { code: "rate_limited", message: "later", retry: true, retry_after_ms: 5 };
  socket.send({ type: "error", id: first.id, ...refusal });
  for (const [wanted, promise] of [[true, on], [false, off]] as const) {
    const frame = await socket.expect("react");
    assert.equal(frame["on"], wanted);
    assert.deepEqual(socket.frames, []);
    acknowledge(socket, frame, 3);
    await promise;
  }
  const { id } = await socket.expect("delete");
  socket.send({ type: "error", id, code: "forbidden", message: "not yours", retry: false });
  await refused(gone, "forbidden");
});

test("a closed client changes nothing", async (t) => {
  const { alice, lobby } = await reading(t);
  const edit = refused(lobby.edit(101, "never"), "closed");
  alice.close();
  await edit;
  await refused(lobby.deleteMessage(101), "closed");
  await refused(lobby.react(101, "👍", true), "closed");
});
