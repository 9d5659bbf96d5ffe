import assert from "node:assert/strict";
import { test } from "node:test";

import { splitHighlights } from "groupcast-client";
import type { Highlight } from "groupcast-client";

import { message } from "./support/peer.js";
import { Random } from "./support/random.js";
import { client, kept, peer } from "./support/signing-in.js";
import { patiently, refused } from "./support/until.js";

const seed = Number(process.env["GROUPCAST_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

test("questions name the user, once there was a connection", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { username: "alice" });
  alice.connect();
  const groups = alice.api.ownGroups();
  const found = alice.api.search({ q: 'tea* "at four" & more', groupId: 7, fromId: 2, beforeId: 90, limit: 5 });
  const socket = await server.accept();
  await socket.welcome();
  (await server.request("GET /api/v1/users/1/groups/?user_id=1")).answer(200, []);
  const query = "q=tea*+%22at+four%22+%26+more&group_id=7&from_id=2&before_id=90&limit=5&user_id=1";
  const request = await server.request(`GET /api/v1/search/?${query}`);
  assert.equal(request.authorization, undefined);
  request.answer(200, [{ message: message(1), highlights: [[0, 2]] }]);
  assert.deepEqual(await groups, []);
  assert.deepEqual(await found, [{ message: message(1), highlights: [[0, 2]] }]);
});

test("questions show the token, and say what went wrong", async (t) => {
  const server = await peer(t);
  const alice = client(t, server, { tokens: kept(1) });
  const answers = [
    [alice.api.message(101), "messages/101"],
    [alice.api.thread(101, { limit: 10 }), "messages/?thread_id=101&limit=10"],
    [alice.api.messages({ groupId: 7, beforeSeq: 50, limit: 20 }), "messages/?group_id=7&before_seq=50&limit=20"],
    [alice.api.messages({ groupId: 7, afterSeq: 50, userId: 3, skip: 1 }), "messages/?group_id=7&user_id=3&after_seq=50&skip=1"],
    [alice.api.messages(), "messages/"],
    [alice.api.log(7), "groups/7/log/"],
    [alice.api.log(7, { afterSeq: 9, limit: 3 }), "groups/7/log/?after_seq=9&limit=3"],
    [alice.api.groups({ limit: 3 }), "groups/?limit=3"],
    [alice.api.group(7), "groups/7"],
    [alice.api.members(7), "groups/7/members/"],
  ] as const;
  for (const [answer, path] of answers) {
    const request = await server.request(`GET /api/v1/${path}`);
    assert.equal(request.authorization, "Bearer a1");
    request.answer(200, [path]);
    assert.deepEqual(await patiently("the answer", answer as Promise<unknown>), [path]);
  }
  const missing = refused(alice.api.message(9), "not_found");
  (await server.request("GET /api/v1/messages/9")).answer(404, { detail: "Message not found" });
  await missing;
  const cut = refused(alice.api.message(9), "disconnected");
  (await server.request("GET /api/v1/messages/9")).cut();
  await cut;
  const strange = refused(alice.api.message(9), "internal");
  (await server.request("GET /api/v1/messages/9")).answer(200);
  await strange;
});

test("a text is split where it is highlighted, by code points", () => {
  const split = (content: string, highlights: Highlight[]): string =>
    splitHighlights(content, highlights).map(({ text, isHighlighted }) => (isHighlighted ? `[${text}]` : text)).join("|");
  assert.equal(split("Tea at four", [[0, 3], [7, 4]]), "[Tea]| at |[four]");
  assert.equal(split("👋🏽 Grüße", [[3, 5]]), "👋🏽 |[Grüße]");
  assert.equal(split("🎉🎉", [[0, 1], [1, 1]]), "[🎉]|[🎉]");
  assert.equal(split("", []), "");
  assert.equal(split("no", []), "no");
  // Such as of a text that was edited since.
  assert.equal(split("ab", [[1, 5], [7, 2]]), "a|[b]");
});

test(`the parts of a text are the text (GROUPCAST_SEED=${seed})`, () => {
  const random = new Random(seed);
  const letters = [..."ab é👍🏽語"];
  for (let round = 0; round < 2_000; round += 1) {
    const points = Array.from({ length: random.below(20) }, () => letters[random.below(letters.length)]!);
    const highlights: Highlight[] = [];
    let end = 0;
    while (random.below(3) > 0) {
      const start = end + random.below(4);
      end = start + 1 + random.below(4);
      highlights.push([start, end - start]);
    }
    const parts = splitHighlights(points.join(""), highlights);
    assert.equal(parts.map(({ text }) => text).join(""), points.join(""));
    assert.ok(parts.every(({ text }) => text !== ""));
    const within = highlights.filter(([start, length]) => start + length <= points.length);
    const texts = within.map(([start, length]) => points.slice(start, start + length).join(""));
    assert.deepEqual(parts.filter((part) => part.isHighlighted).map(({ text }) => text).slice(0, texts.length), texts);
  }
});
