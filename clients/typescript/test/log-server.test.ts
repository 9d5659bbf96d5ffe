import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client, ClientError, GroupState } from "groupcast-client";
import type { Message, Subscription } from "groupcast-client";
import { WebSocket } from "ws";

import { listed } from "./support/listed.js";
import { Proxy } from "./support/proxy.js";
import { Random } from "./support/random.js";
import { Server } from "./support/server.js";
import { patiently, until } from "./support/until.js";

const CLIENTS = 3;
/** What each client does. */
const DEEDS = 150;
/** What one client has under way. */
const WINDOW = 8;
/** Bytes that no connection outlives. */
const CONNECTION_BYTES_MAX = 20_000;
const EMOJI = ["👍", "❤️"];

const seed = Number(process.env["GROUPCAST_SEED"] ?? randomInt(2 ** 32));

interface Reader {
  client: Client;
  lobby: Subscription;
  places: number[];
  state: GroupState;
}

/** Reads a group from its beginning. */
async function read(t: TestContext, url: string, username: string, group: number, epoch: string): Promise<Reader> {
  const client = new Client({ url, username, WebSocket, backoff: { firstMs: 5, maxMs: 100 } });
  t.after(() => client.close());
  client.on("error", (error) => assert.fail(error));
  client.connect();
  const subscribing = client.subscribe(group, { position: { epoch, seq: 0 } });
  const lobby = await patiently("the subscription", subscribing);
  const reader: Reader = { client, lobby, places: [], state: new GroupState({ me: (await client.connect()).user.id }) };
  lobby.on("entry", (entry) => {
    reader.places.push(entry.seq);
    reader.state.apply(entry);
  });
  return reader;
}

test("messages are answered, changed, reacted to and deleted", async (t) => {
  const server = await Server.start(t);
  const group = await server.group("lobby");
  const aliceId = await server.user("alice");
  await server.user("bob");
  const alice = new Client({ url: server.url, username: "alice", WebSocket });
  t.after(() => alice.close());
  alice.connect();
  const lobby = await patiently("the subscription", alice.subscribe(group));
  const bob = await read(t, server.url, "bob", group, lobby.position.epoch);

  const { message_id } = await patiently("the message", lobby.send("Helo, @bob!"));
  const answer = await patiently("the answer", bob.lobby.send("Hello!", { replyTo: message_id }));
  const edit = await patiently("the edit", lobby.edit(message_id, "Hello!", { clientId: "mine" }));
  const again = await patiently("the edit again", lobby.edit(message_id, "Hello!", { clientId: "mine" }));
  assert.deepEqual([edit.seq, again.seq, edit.duplicate, again.duplicate], [3, 3, false, true]);
  const on = await patiently("the reaction", lobby.react(answer.message_id, "👍", true));
  const same = await patiently("the reaction again", lobby.react(answer.message_id, "👍", true));
  assert.deepEqual([on.seq, same.seq, same.duplicate], [4, 4, true]);
  await until("bob to read", () => bob.lobby.position.seq === 4);
  const [edited, answered] = bob.state.messages;
  assert.deepEqual([edited?.content, edited?.edited_at, edited?.mentions], ["Hello!", edit.created_at, undefined]);
  assert.deepEqual([answered?.reply_to, answered?.thread_id], [message_id, message_id]);
  assert.deepEqual(answered?.reactions, [{ emoji: "👍", count: 1, user_ids: [aliceId], mine: false }]);

  await assert.rejects(patiently("a refusal", bob.lobby.deleteMessage(message_id)), { code: "forbidden" });
  await patiently("the deletion", bob.lobby.deleteMessage(answer.message_id));
  await assert.rejects(patiently("a refusal", lobby.react(answer.message_id, "👍", false)), { code: "not_found" });
  await until("bob to read", () => bob.lobby.position.seq === 5);
  const deleted = bob.state.get(answer.message_id);
  assert.deepEqual([deleted?.content, deleted?.deleted, deleted?.reactions.length], ["", true, 0]);
});

test(`a log comes to what is stored, over cuts (GROUPCAST_SEED=${seed})`, async (t) => {
  const random = new Random(seed);
  const server = await Server.start(t);
  const group = await server.group("lobby");
  for (let index = 0; index <= CLIENTS; index += 1) await server.user(`user${index}`);
  const first = new Client({ url: server.url, username: `user${CLIENTS}`, WebSocket });
  t.after(() => first.close());
  first.connect();
  const { epoch } = (await patiently("the subscription", first.subscribe(group))).position;
  first.close();
  const proxy = await Proxy.listen(server.port, random, CONNECTION_BYTES_MAX);
  t.after(() => proxy.close());

  const readers: Reader[] = [];
  for (let index = 0; index < CLIENTS; index += 1) {
    readers.push(await read(t, proxy.url, `user${index}`, group, epoch));
  }
  let head = 0;
  const all: number[] = [];
  const act = async ({ lobby }: Reader): Promise<void> => {
    const own: number[] = [];
    let done = 0;
    const pick = (ids: number[]): number => ids[random.below(ids.length)]!;
    const deed = async (index: number): Promise<void> => {
      const kind = random.below(10);
      if (own.length === 0 || kind < 3) {
        const options = all.length > 0 && random.below(2) === 0 ? { replyTo: pick(all) } : {};
        const { message_id, seq } = await lobby.send(`m${index}`, options);
        own.push(message_id);
        all.push(message_id);
        head = Math.max(head, seq);
        return;
      }
      const change =
        kind < 5 ? lobby.edit(pick(own), `e${index}`)
        : kind < 6 ? lobby.deleteMessage(pick(own))
        : lobby.react(pick(all), EMOJI[random.below(EMOJI.length)]!, random.below(2) === 0);
      try {
        head = Math.max(head, (await change).seq);
      } catch (error) {
        // It was deleted meanwhile.
        assert.ok(error instanceof ClientError && error.code === "not_found", String(error));
      }
    };
    const worker = async (): Promise<void> => {
      while (done < DEEDS) {
        done += 1;
        await deed(done);
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, worker));
  };
  await patiently("all deeds", Promise.all(readers.map(act)));

  // One who has missed everything.
  readers.push(await read(t, server.url, `user${CLIENTS}`, group, epoch));
  await until("all to have read", () => readers.every(({ lobby }) => lobby.position.seq >= head));
  const stored = (await server.messages(group)) as Message[];
  for (const { places, state, lobby } of readers) {
    assert.deepEqual(places, Array.from({ length: lobby.position.seq }, (_, index) => index + 1));
    assert.deepEqual(listed(state.messages), stored);
  }
  const { messages } = await patiently("the history", readers.at(-1)!.lobby.history({ limit: 1_000 }));
  assert.deepEqual(messages, stored);
  assert.ok(proxy.cuts >= CLIENTS, `${proxy.cuts} cuts`);
  t.diagnostic(`${head} entries, ${proxy.cuts} cuts`);
});
