import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import type { Client, OpenGroup, OpenOptions, OwnGroup, ReadMark } from "groupcast-client";

import { all } from "./support/all.js";
import { message } from "./support/peer.js";
import type { Peer, PeerSocket } from "./support/peer.js";
import { client, peer } from "./support/signing-in.js";
import { patiently, refused, until } from "./support/until.js";

const USER = { username: "alice" };
const OWN = "GET /api/v1/users/1/groups/?user_id=1";

/** What the list of own groups says of the group 7. */
function own(head_seq: number, fields: Partial<OwnGroup> = {}): OwnGroup {
  const group = { id: 7, name: "lobby", is_private: false, topic: "tea", join: "open" };
  return { group, role: "member", read_seq: 0, head_seq, unread: 0, mentions: 0, last_message: null, ...fields };
}

async function welcomed(server: Peer): Promise<PeerSocket> {
  const socket = await server.accept();
  await socket.welcome();
  return socket;
}

/** An open group whose log ends at 10, of which nothing is listed. */
async function opened(
  t: TestContext,
  options: OpenOptions = {},
): Promise<{ server: Peer; alice: Client; socket: PeerSocket; lobby: OpenGroup }> {
  const server = await peer(t);
  const alice = client(t, server, USER);
  alice.connect();
  const opening = alice.open(7, { page: 0, ...options });
  const socket = await welcomed(server);
  await socket.subscribed(10);
  return { server, alice, socket, lobby: await patiently("the group", opening) };
}

test("a mark is moved, by one request at a time", async (t) => {
  const { server, alice, socket, lobby } = await opened(t);
  const read = all(alice, "read");
  const moves = [3, 5, 4].map((seq) => lobby.markRead(seq));
  const first = await socket.expect("read");
  assert.deepEqual([first["group_id"], first["seq"]], [7, 3]);
  assert.deepEqual(socket.frames, []);
  socket.send({ type: "read", id: first.id, group_id: 7, seq: 3, unread: 2, mentions: 1 });
  assert.deepEqual(await moves[0], { type: "read", id: first.id, group_id: 7, seq: 3, unread: 2, mentions: 1 });
  // What came meanwhile is one, as far as it goes.
  assert.equal((await socket.expect("read"))["seq"], 5);
  socket.close(1011);
  const next = await welcomed(server);
  await next.subscribed(10);
  const again = await next.expect("read");
  assert.equal(again["seq"], 5);
  next.send({ type: "error", id: again.id, code: "unavailable", message: "later", retry: true, retry_after_ms: 1 });
  const { id } = await next.expect("read");
  next.send({ type: "read", id, group_id: 7, seq: 5, unread: 0, mentions: 0 });
  assert.deepEqual((await Promise.all(moves)).map(({ seq }) => seq), [3, 5, 5]);
  assert.deepEqual(read.map(({ user_id, seq }: ReadMark) => [user_id, seq]), [[1, 3], [1, 5]]);
});

test("a mark that can not be moved says why", async (t) => {
  const { alice, socket, lobby } = await opened(t);
  const refusal = refused(lobby.markRead(3), "forbidden");
  const { id } = await socket.expect("read");
  socket.send({ type: "error", id, code: "forbidden", message: "no member", retry: false });
  await refusal;
  const removed = refused(lobby.markRead(4), "removed");
  await socket.expect("read");
  socket.send({ type: "unsubscribed", group_id: 7, reason: "kicked" });
  await removed;
  assert.equal(lobby.isClosed, true);
  const closed = refused(alice.markRead(8, 4), "closed");
  alice.close();
  await closed;
  await refused(alice.markRead(7, 4), "closed");
});

test("marks are told of by events, and by what is sent", async (t) => {
  const { server, alice, socket, lobby } = await opened(t);
  const seen = all(alice, "read");
  (await server.request(OWN)).answer(200, [own(10, { read_seq: 8, unread: 2, mentions: 1 })]);
  await until("the own mark", () => lobby.state.mark !== undefined);
  assert.deepEqual(lobby.state.mark, { seq: 8, unread: 2, mentions: 1, capped: false });
  assert.deepEqual([lobby.state.role, lobby.state.group.topic], ["member", "tea"]);

  socket.send({ type: "message", ...message(11), mentions: [1] });
  socket.send({ type: "message", ...message(12) });
  socket.send({ type: "read", group_id: 7, user_id: 3, seq: 9 });
  socket.send({ type: "read", group_id: 7, user_id: 3, seq: 7 });
  socket.send({ type: "read", group_id: 8, user_id: 4, seq: 9 });
  await until("all events", () => seen.length === 3);
  assert.deepEqual(lobby.state.mark, { seq: 8, unread: 4, mentions: 2, capped: false });
  assert.deepEqual([...lobby.state.marks], [[2, 12], [3, 9]]);

  // Elsewhere; all that is behind it is known.
  socket.send({ type: "read", group_id: 7, user_id: 1, seq: 11 });
  await until("the mark", () => lobby.state.mark?.seq === 11);
  assert.deepEqual(lobby.state.mark, { seq: 11, unread: 1, mentions: 0, capped: false });
  socket.send({ type: "message", ...message(13), user_id: 1 });
  socket.send({ type: "message", ...message(14) });
  await until("the mark", () => lobby.state.mark?.seq === 13);
  await until("the message", () => lobby.state.seq === 14);
  assert.deepEqual(lobby.state.mark, { seq: 13, unread: 1, mentions: 0, capped: false });
  assert.deepEqual(server.requests, []);
});

test("what only the server can tell is asked for", async (t) => {
  const { server, socket, lobby } = await opened(t);
  (await server.request(OWN)).answer(200, [own(10, { read_seq: 4, unread: 6, mentions: 2 })]);
  await until("the own mark", () => lobby.state.mark?.unread === 6);
  const change = { group_id: 7, user_id: 2, username: "bob", created_at: "t" };
  socket.send({ type: "deleted", ...change, seq: 11, message_id: 106, message_seq: 6 });
  // As of a place that was not read yet.
  (await server.request(OWN)).answer(200, [own(12, { read_seq: 4, unread: 4, mentions: 1 })]);
  socket.send({ type: "deleted", ...change, seq: 12, message_id: 107, message_seq: 7 });
  await until("the counts", () => lobby.state.mark?.unread === 4);
  assert.equal(lobby.state.isMarkVague, false);
  // Elsewhere, to a place with others behind it that are not known.
  socket.send({ type: "read", group_id: 7, user_id: 1, seq: 6 });
  (await server.request(OWN)).answer(503, {}, { "retry-after": "0" });
  (await server.request(OWN)).answer(200, [own(12, { read_seq: 6, unread: 3, mentions: 1 })]);
  await until("the counts", () => lobby.state.mark?.unread === 3);
  assert.deepEqual(lobby.state.mark, { seq: 6, unread: 3, mentions: 1, capped: false });

  // After a reconnect, since marks are in no log.
  socket.close(1011);
  const next = await welcomed(server);
  await next.subscribed(12);
  (await server.request(OWN)).answer(200, [own(12, { read_seq: 12 })]);
  await until("the mark", () => lobby.state.mark?.seq === 12);
  assert.deepEqual(lobby.state.mark, { seq: 12, unread: 0, mentions: 0, capped: false });
});

test("counts that have reached their bound stay there", async (t) => {
  const { server, socket, lobby } = await opened(t);
  (await server.request(OWN)).answer(200, [own(10, { unread: 1_000, mentions: 7, capped: true })]);
  await until("the own mark", () => lobby.state.mark !== undefined);
  socket.send({ type: "message", ...message(11), mentions: [1] });
  await until("the message", () => lobby.state.seq === 11);
  assert.deepEqual(lobby.state.mark, { seq: 0, unread: 1_000, mentions: 8, capped: true });
  const read = lobby.markRead();
  const { id, seq } = await socket.expect("read");
  assert.equal(seq, 11);
  socket.send({ type: "read", id, group_id: 7, seq: 11, unread: 0, mentions: 0 });
  await read;
  assert.deepEqual(lobby.state.mark, { seq: 11, unread: 0, mentions: 0, capped: false });
});

test("own groups are followed, those with the newest message first", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, USER);
  alice.connect();
  const following = alice.groups.follow();
  const socket = await welcomed(server);
  const other = { ...own(3), group: { ...own(3).group, id: 8, name: "kitchen" } };
  const last_message = { ...message(10), group_name: "lobby" } as OwnGroup["last_message"];
  (await server.request(OWN)).answer(200, [own(10, { unread: 2, last_message }), other]);
  for (const id of [7, 8]) {
    const frame = await socket.expect("subscribe");
    assert.deepEqual([frame["group_id"], frame["after"]], [id, id === 7 ? 10 : 3]);
    const group = { id, name: id === 7 ? "lobby" : "kitchen", is_private: false };
    socket.send({ type: "subscribed", id: frame.id, group, group_id: id, epoch: "e", head_seq: 10, after: frame["after"] });
  }
  await patiently("the groups", following);
  const shown = (): unknown[] =>
    alice.groups.all.map(({ group: { id, name }, mark, lastMessage }) => [id, name, mark?.unread, lastMessage?.content]);
  assert.deepEqual(shown(), [[7, "lobby", 2, "m10"], [8, "kitchen", 0, undefined]]);

  let changes = 0;
  alice.groups.subscribe(() => (changes += 1));
  await socket.together(async () => {
    for (const seq of [4, 5]) socket.send({ type: "message", ...message(seq), group_id: 8 });
    socket.send({ type: "message", ...message(11) });
  });
  await until("the messages", () => alice.groups.all[0]?.mark?.unread === 3);
  assert.deepEqual(shown(), [[7, "lobby", 3, "m11"], [8, "kitchen", 2, "m5"]]);
  await until("the change", () => changes > 0);
  socket.send({ type: "message", ...message(6), group_id: 8 });
  await until("the message", () => alice.groups.all[0]?.group.id === 8);
  // Open already: it is the same, but that its messages are listed now.
  const opening = alice.open(8);
  const { id, before } = await socket.expect("history");
  assert.equal(before, 4);
  socket.send({ type: "history", id, group_id: 8, messages: [{ ...message(1), group_id: 8 }], more: false });
  const kitchen = await patiently("the group", opening);
  assert.deepEqual(kitchen.state.messages.map(({ seq }) => seq), [1, 4, 5, 6]);
  assert.equal(kitchen, alice.groups.all[0]?.open);
  assert.equal(await alice.open(8), kitchen);
  socket.send({ type: "unsubscribed", group_id: 8, reason: "deleted" });
  await until("the end", () => alice.groups.all.length === 1);
  // What comes together may be read in parts, where the machine has other work; each of nine frames by itself would be too much.
  assert.ok(changes < 9, `${changes} changes`);
});

test("a lost history and a cut one begin anew", async (t) => {
  const { server, alice, socket, lobby } = await opened(t, { position: { epoch: "e", seq: 3 } });
  (await server.request(OWN)).answer(200, [own(10, { read_seq: 10 })]);
  socket.messages(4, 5);
  await until("the messages", () => lobby.state.messages.length === 2);
  socket.close(1011);
  const second = await welcomed(server);
  const { id, after } = await second.expect("subscribe");
  const group = { id: 7, name: "lobby", is_private: false };
  second.send({ type: "subscribed", id, group, group_id: 7, epoch: "e", head_seq: 12, first_seq: 9, after });
  second.messages(9, 10);
  await until("what is kept", () => lobby.state.seq === 10);
  assert.deepEqual([lobby.state.messages.map(({ seq }) => seq), lobby.state.hasOlder], [[9, 10], false]);
  (await server.request(OWN)).answer(200, [own(10, { read_seq: 10 })]);

  second.close(1011);
  const third = await welcomed(server);
  await third.subscribed(2, "another");
  const history = await third.expect("history");
  third.send({ type: "history", id: history.id, group_id: 7, messages: [message(2)], more: true });
  await third.subscribed(2, "another");
  await until("the new history", () => lobby.state.seq === 2);
  assert.deepEqual([lobby.state.messages.map(({ seq }) => seq), lobby.state.hasOlder, lobby.state.mark], [[2], true, undefined]);
  (await server.request(OWN)).answer(200, [own(2, { read_seq: 1, unread: 1 })]);
  await until("the mark", () => lobby.state.mark?.unread === 1);
  alice.close();
});

test("the list of members is kept right", async (t) => {
  const { server, socket, lobby } = await opened(t);
  (await server.request(OWN)).answer(200, [own(10)]);
  const listing = lobby.members();
  const request = await server.request("GET /api/v1/groups/7/members/");
  const change = { type: "member", group_id: 7, user_id: 1, username: "alice", created_at: "t" };
  socket.send({ ...change, seq: 11, member: { id: 3, username: "carol" }, change: "kicked" });
  await until("the change", () => lobby.state.seq === 11);
  assert.equal(lobby.state.members, undefined);
  request.answer(200, [1, 2, 3].map((id) => ({ id, username: `u${id}`, role: id === 1 ? "owner" : "member" })));
  await listing;
  assert.deepEqual([...lobby.state.members!.keys()], [1, 2]);
  socket.send({ ...change, seq: 12, member: { id: 2, username: "bob" }, change: "role", role: "admin" });
  // Who walks in makes no entry.
  socket.send({ type: "joined", group_id: 7, user_id: 4, username: "dave" });
  socket.send({ type: "joined", group_id: 8, user_id: 5, username: "erin" });
  socket.send({ type: "message", ...message(13), user_id: 6, username: "frank" });
  await until("the message", () => lobby.state.seq === 13);
  const members = [...lobby.state.members!.values()].map(({ id, role }) => [id, role]);
  assert.deepEqual(members, [[1, "owner"], [2, "admin"], [4, "member"], [6, "member"]]);
});
