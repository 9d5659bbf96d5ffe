import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, ClientError } from "groupcast-client";
import { WebSocket } from "ws";

import { Peer } from "./support/peer.js";
import { patiently, refused, until } from "./support/until.js";

test("who is removed from a group reads it no more, and what is unsent says why", async (t) => {
  const server = await Peer.listen();
  t.after(() => server.close());
  for (const reason of ["left", "kicked", "banned", "deleted"]) {
    const alice = new Client({ url: server.url, username: "alice", WebSocket, backoff: { firstMs: 1, maxMs: 5 } });
    t.after(() => alice.close());
    const events: unknown[] = [];
    alice.on("removed", (event) => events.push({ ...event, type: undefined }));
    alice.on("message", ({ content }) => events.push(content));
    alice.connect();
    const subscribing = alice.subscribe(7);
    let socket = await server.accept();
    await socket.welcome();
    await socket.subscribed(0);
    const lobby = await patiently("the subscription", subscribing);
    lobby.on("removed", (event) => events.push(event));
    socket.messages(1);

    // As many as may be on their way, one more, and one for another group.
    const sent = Array.from({ length: 64 }, (_, index) => lobby.send(`${index}`));
    const unsent = lobby.send("late");
    const elsewhere = alice.send(8, "elsewhere");
    const last = (): boolean => socket.frames.filter(({ type }) => type === "send").length === 64;
    await until("the first window", last);
    const sends = socket.frames.splice(0);
    socket.send({ type: "unsubscribed", group_id: 7, reason });
    await assert.rejects(patiently("the refusal", unsent), (error: unknown) => {
      assert.ok(error instanceof ClientError);
      assert.deepEqual([error.code, error.reason, error.groupId, error.retry], ["removed", reason, 7, false]);
      assert.match(error.message, new RegExp(reason));
      return true;
    });
    assert.deepEqual(events, ["m1", { reason }, { group_id: 7, reason, type: undefined }]);

    // What was on its way has an answer of its own.
    const refusals = sent.map((it) => refused(it, "forbidden"));
    for (const { id } of sends) socket.send({ type: "error", id, code: "forbidden", message: "no member", retry: false });
    await Promise.all(refusals);
    const { id, group_id } = await socket.expect("send");
    assert.equal(group_id, 8);
    socket.send({ type: "ack", id, group_id: 8, message_id: 1, seq: 1, created_at: "", duplicate: false });
    await elsewhere;

    socket.close(1011);
    socket = await server.accept();
    await socket.welcome();
    const again = alice.subscribe("lobby");
    // The first frame that it sends.
    assert.equal(socket.frames.length, 0);
    assert.equal((await socket.subscribed(1))["group"], "lobby");
    socket.messages(1, 2);
    assert.notEqual(await again, lobby);
    await until("the message", () => events.at(-1) === "m2");
    assert.equal(events.length, 4);
    alice.close();
  }
});

test("a group that may not be read is told, once", async (t) => {
  const server = await Peer.listen();
  t.after(() => server.close());
  const alice = new Client({ url: server.url, username: "alice", WebSocket, backoff: { firstMs: 1, maxMs: 5 } });
  t.after(() => alice.close());
  let connections = 0;
  alice.on("connected", () => (connections += 1));
  const errors: unknown[] = [];
  alice.on("error", ({ code, groupId }) => errors.push([code, groupId]));
  alice.connect();
  const refusal = refused(alice.subscribe("hidden"), "not_found");
  const reading = alice.subscribe(7);
  let socket = await server.accept();
  await socket.welcome();
  const { id } = await socket.expect("subscribe");
  socket.send({ type: "error", id, code: "not_found", message: "no such group", retry: false });
  await refusal;
  await socket.subscribed(0);
  await reading;
  socket.close(1011);
  socket = await server.accept();
  await socket.welcome();
  const again = await socket.expect("subscribe");
  assert.equal(again["group_id"], 7);
  socket.send({ type: "error", id: again.id, group_id: 7, code: "forbidden", message: "banned", retry: false });
  await until("the error", () => errors.length > 0);
  assert.deepEqual(errors, [["forbidden", 7]]);
  socket.close(1011);
  socket = await server.accept();
  await socket.welcome();
  await until("the third connection", () => connections === 3);
  const answer = refused(alice.presence(7), "forbidden");
  await until("the first frame", () => socket.frames.length > 0);
  const first = socket.frames.shift()!;
  assert.equal(first.type, "presence");
  socket.send({ type: "error", id: first.id, group_id: 7, code: "forbidden", message: "no member", retry: false });
  await answer;

  const sent = refused(alice.send(7, "x"), "forbidden");
  socket.close(4003);
  await sent;
  assert.equal(server.count, 3);
});
