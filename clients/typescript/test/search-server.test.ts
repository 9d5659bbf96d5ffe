import assert from "node:assert/strict";
import { test } from "node:test";

import { Client, splitHighlights } from "groupcast-client";
import type { Found, SearchQuery } from "groupcast-client";
import { WebSocket } from "ws";

import { Server } from "./support/server.js";
import { patiently } from "./support/until.js";

/** The texts that are found, with what is highlighted in brackets. */
function shown(found: Found[]): string[] {
  const part = ({ text, isHighlighted }: { text: string; isHighlighted: boolean }): string => (isHighlighted ? `[${text}]` : text);
  return found.map(({ message, highlights }) => splitHighlights(message.content, highlights).map(part).join(""));
}

test("messages are found by their words, and shown as they are", async (t) => {
  const server = await Server.start(t);
  await server.user("alice");
  const bobId = await server.user("bob");
  const group = await server.group("lobby");
  const [alice, bob] = ["alice", "bob"].map((username) => {
    const client = new Client({ url: server.url, username, WebSocket });
    t.after(() => client.close());
    client.connect();
    return client;
  }) as [Client, Client];
  const lobby = await patiently("the group", alice.open(group));
  await patiently("the group", bob.open(group));
  await patiently("the message", lobby.subscription.send("🫖 Tea at four"));
  const { message_id } = await patiently("the message", lobby.subscription.send("Coffee"));
  await patiently("the message", bob.send(group, "Teatime: TÉA, please"));
  /** Asks until there are so many; a new message is found within two seconds. */
  const search = async (query: SearchQuery, count: number): Promise<Found[]> => {
    for (;;) {
      const found = await patiently("the answer", alice.api.search(query));
      if (found.length === count) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const tea = await patiently("both", search({ q: "tea*" }, 2));
  assert.deepEqual(shown(tea), ["[Teatime]: [TÉA], please", "🫖 [Tea] at four"]);
  assert.deepEqual(shown(await search({ q: "tea*", groupId: group, limit: 1 }, 1)), ["[Teatime]: [TÉA], please"]);
  assert.deepEqual(shown(await search({ q: "tea*", beforeId: tea[0]!.message.id }, 1)), ["🫖 [Tea] at four"]);
  assert.deepEqual(shown(await search({ q: '"at four" 🫖', fromId: lobby.state.me }, 1)), ["[🫖] Tea [at four]"]);
  assert.deepEqual(shown(await search({ q: "tea", fromId: bobId }, 1)), ["Teatime: [TÉA], please"]);
  await patiently("the edit", lobby.subscription.edit(message_id, "Cocoa"));
  assert.deepEqual(shown(await patiently("the new word", search({ q: "cocoa" }, 1))), ["[Cocoa]"]);
  assert.deepEqual(await patiently("the old word", search({ q: "coffee" }, 0)), []);
});
