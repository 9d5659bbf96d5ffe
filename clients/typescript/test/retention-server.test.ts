import assert from "node:assert/strict";
import { test } from "node:test";

import { Client } from "groupcast-client";
import type { LogEntry, Message } from "groupcast-client";
import { WebSocket } from "ws";

import { listed } from "./support/listed.js";
import { Server } from "./support/server.js";
import { patiently, until } from "./support/until.js";

const KEPT = 20;

test("a state that was away drops what is not kept any more", async (t) => {
  const server = await Server.start(t, "--retain-messages", String(KEPT));
  await server.user("alice");
  await server.user("bob");
  const group = await server.group("lobby");
  const connect = (username: string): Client => {
    const client = new Client({ url: server.url, username, WebSocket });
    t.after(() => client.close());
    client.connect();
    return client;
  };
  const [alice, bob] = [connect("alice"), connect("bob")];
  const before = await patiently("the group", alice.open(group));
  const { message_id } = await patiently("the message", before.subscription.send("first"));
  await until("the message", () => before.state.messages.length === 1);
  const { position } = before.subscription;
  alice.close();
  await patiently("the membership", bob.subscribe(group));
  await patiently("messages", Promise.all(Array.from({ length: 50 }, (_, index) => bob.send(group, `m${index}`, { replyTo: message_id }))));
  const log = async (): Promise<LogEntry[]> => (await server.request("GET", `groups/${group}/log/`, undefined)) as LogEntry[];
  let first = 1;
  while (first === 1) {
    first = (await log())[0]!.seq;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }

  // From a place that is gone.
  const after = await patiently("the group", connect("alice").open(group, { position }));
  await until("the end", () => after.state.seq === 51);
  const kept = (await server.messages(group)) as Message[];
  assert.ok(kept.length < 51);
  assert.deepEqual(listed(after.state.messages).slice(-kept.length), kept);
  assert.equal(after.state.hasOlder, false);
});
