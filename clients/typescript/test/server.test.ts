import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client } from "groupcast-client";
import type { Message } from "groupcast-client";
import { WebSocket } from "ws";

import { all } from "./support/all.js";
import { Server } from "./support/server.js";
import { patiently, refused, until } from "./support/until.js";

/** A server with alice and bob and a group `lobby`. */
async function start(
  t: TestContext,
  ...options: string[]
): Promise<{ server: Server; group: number; alice: Client; bob: Client }> {
  const server = await Server.start(t, ...options);
  const group = await server.group("lobby");
  const enter = async (username: string): Promise<Client> => {
    await server.user(username);
    const client = new Client({ url: server.url, username, WebSocket });
    t.after(() => client.close());
    const welcome = await patiently("the welcome", client.connect());
    assert.equal(welcome.user.username, username);
    return client;
  };
  return { server, group, alice: await enter("alice"), bob: await enter("bob") };
}

test("members hear each other, come, type, and go", async (t) => {
  const { group, alice, bob } = await start(t);
  const [heard, joined, left, typing] = [all(alice, "message"), all(alice, "joined"), all(alice, "left"), all(alice, "typing")];
  await patiently("the subscription", alice.subscribe("lobby"));
  const lobby = await patiently("the subscription", bob.subscribe(group));
  assert.deepEqual(lobby.group, { id: group, name: "lobby", is_private: false });
  await until("bob's coming", () => joined.length > 0);
  assert.equal(joined[0]?.username, "bob");

  const ack = await patiently("the acknowledgement", lobby.send("Hello!"));
  assert.equal(ack.seq, 1);
  await until("bob's message", () => heard.length > 0);
  assert.deepEqual([heard[0]?.content, heard[0]?.client_id], ["Hello!", ack.client_id]);

  const presence = await patiently("the presence", lobby.presence());
  assert.deepEqual(presence.users?.map(({ username }) => username).sort(), ["alice", "bob"]);

  lobby.typing(true);
  await until("bob to type", () => typing.length > 0);
  assert.deepEqual([typing[0]?.username, typing[0]?.on], ["bob", true]);

  bob.sendEphemeral(group, "a wave");
  await until("bob's wave", () => heard.length > 1);
  assert.ok(heard[1] !== undefined && "ephemeral" in heard[1] && heard[1].content === "a wave");

  await patiently("bob's going", lobby.unsubscribe());
  await patiently("the acknowledgement", alice.send(group, "Gone?"));
  await until("bob's going", () => left.length > 0);
});

test("a later program goes on where one has stopped, or reads back", async (t) => {
  const { server, group, alice, bob } = await start(t);
  const lobby = await patiently("the subscription", bob.subscribe(group));
  await patiently("the subscription", alice.subscribe(group));
  for (const content of ["one", "two"]) await patiently("the acknowledgement", alice.send(group, content));
  await until("bob to read", () => lobby.position.seq === 2);
  bob.close();
  for (const content of ["three", "four"]) await patiently("the acknowledgement", alice.send(group, content));

  const again = new Client({ url: server.url, username: "bob", WebSocket });
  t.after(() => again.close());
  const heard = all(again, "message");
  again.connect();
  await patiently("the subscription", again.subscribe("lobby", { position: lobby.position }));
  await until("what was missed", () => heard.length === 2);
  assert.deepEqual(heard.map(({ content }) => content), ["three", "four"]);

  const page = await patiently("the history", again.history(group, { before: 4, limit: 2 }));
  assert.deepEqual(page.messages.map(({ seq }: Message) => seq), [2, 3]);
  assert.equal(page.more, true);
});

test("what the server refuses is told", async (t) => {
  const { server, group, alice } = await start(t);
  await refused(alice.subscribe("nowhere"), "not_found");
  await refused(alice.send(group, "not yet a member"), "forbidden");
  await patiently("the subscription", alice.subscribe(group));
  await refused(alice.send(group, "NUL: \0"), "bad_frame");
  await refused(alice.send(group, "half a pair: \ud800"), "bad_frame");
  await refused(alice.send(group, "x".repeat(1024 * 1024 + 1)), "too_large");
  await refused(alice.send(group, "x".repeat(3 * 1024 * 1024)), "too_large");
  assert.equal((await patiently("the acknowledgement", alice.send(group, "x".repeat(1024 * 1024)))).seq, 1);

  const nobody = new Client({ url: server.url, username: "nobody", WebSocket });
  t.after(() => nobody.close());
  await refused(nobody.connect(), "unauthenticated");
});

test("a message sent twice under one name is stored once", async (t) => {
  const { server, group, alice } = await start(t);
  await patiently("the subscription", alice.subscribe(group));
  const both = [alice.send(group, "once", { clientId: "x" }), alice.send(group, "twice", { clientId: "x" })];
  const acks = await patiently("the acknowledgements", Promise.all(both));
  assert.deepEqual(acks.map(({ seq, duplicate }) => [seq, duplicate]), [[1, false], [1, true]]);
  assert.equal((await server.messages(group)).length, 1);
});

test("a server that limits the rate gets all of it over one connection", async (t) => {
  const { server, group, alice } = await start(t, "--send-rate", "50", "--send-burst", "20");
  const lost = all(alice, "disconnected");
  await patiently("the subscription", alice.subscribe(group));
  const contents = Array.from({ length: 120 }, (_, index) => `${index}`);
  await patiently("the acknowledgements", Promise.all(contents.map((content) => alice.send(group, content))));
  const stored = (await server.messages(group)) as Message[];
  assert.deepEqual(stored.map(({ content }) => content).sort(), [...contents].sort());
  assert.deepEqual(lost, []);
});
