import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";

import { Client } from "groupcast-client";
import type { Ack, Message } from "groupcast-client";
import { WebSocket } from "ws";

import { Proxy } from "./support/proxy.js";
import { Random } from "./support/random.js";
import { Server } from "./support/server.js";
import { patiently, until } from "./support/until.js";

const CLIENTS = 5;
const MESSAGES = 150;
const TOTAL = CLIENTS * MESSAGES;
/** Messages that one client has under way. */
const WINDOW = 8;
/** Bytes that no connection outlives; all that one client gets are some 150 KB. */
const CONNECTION_BYTES_MAX = 30_000;

const seed = Number(process.env["GROUPCAST_SEED"] ?? randomInt(2 ** 32));

interface Member {
  client: Client;
  seen: Message[];
  acks: Map<string, Ack>;
}

test(`every message exactly once, over cuts and crashes (GROUPCAST_SEED=${seed})`, async (t) => {
  const random = new Random(seed);
  const server = await Server.start(t);
  const group = await server.group("lobby");
  const proxy = await Proxy.listen(server.port, random, CONNECTION_BYTES_MAX);
  t.after(() => proxy.close());

  const members: Member[] = [];
  for (let index = 0; index < CLIENTS; index += 1) {
    const username = `user${index}`;
    await server.user(username);
    const client = new Client({ url: proxy.url, username, WebSocket, backoff: { firstMs: 5, maxMs: 100 } });
    t.after(() => client.close());
    const member: Member = { client, seen: [], acks: new Map() };
    client.on("message", (message) => member.seen.push(message as Message));
    client.on("error", (error) => assert.fail(error));
    members.push(member);
    await patiently("the first connection", client.connect());
    await patiently("the subscription", client.subscribe(group));
  }

  let acked = 0;
  const send = async ({ client, acks }: Member, index: number): Promise<void> => {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < MESSAGES) {
        const content = `${index}: ${next}`;
        next += 1;
        acks.set(content, await client.send(group, content));
        acked += 1;
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, one));
  };
  const crash = async (): Promise<void> => {
    for (let round = 1; round <= 2; round += 1) {
      const moment = Math.floor(TOTAL * (round / 3)) + random.below(TOTAL / 6);
      await until(`${moment} acknowledged`, () => acked >= moment);
      await server.kill();
      await server.restart();
      proxy.target = server.port;
    }
  };
  await patiently("all to be acknowledged", Promise.all([crash(), ...members.map(send)]));
  await until("all to be seen", () => members.every(({ seen }) => seen.length >= TOTAL));

  const stored = await server.messages(group);
  assert.equal(stored.length, TOTAL);
  const bySeq = new Map<number, string>();
  for (const { seen, acks } of members) {
    assert.deepEqual(seen.map(({ type: _, ...message }: Message & { type?: string }) => message), stored);
    for (const { seq, content } of seen) bySeq.set(seq, content);
    for (const [content, { seq }] of acks) assert.equal(bySeq.get(seq), content);
    assert.equal(acks.size, MESSAGES);
  }
  assert.deepEqual([...bySeq.keys()], Array.from({ length: TOTAL }, (_, index) => index + 1));
  assert.equal(new Set(bySeq.values()).size, TOTAL);
  const duplicates = members.flatMap(({ acks }) => [...acks.values()]).filter(({ duplicate }) => duplicate);
  assert.ok(proxy.cuts >= CLIENTS, `${proxy.cuts} cuts`);
  t.diagnostic(`${TOTAL} messages, ${proxy.cuts} cuts, 2 crashes, ${duplicates.length} sent again though stored`);
});
