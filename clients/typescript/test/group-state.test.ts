import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupState } from "groupcast-client";
import type { LogEntry, Message } from "groupcast-client";

import { Random } from "./support/random.js";

const HISTORIES = 300;
const ENTRIES = 60;
const EMOJI = ["👍", "❤️", "🎉"];

/** A message as a naive server keeps it. */
interface Row {
  message: Message;
  reactions: { emoji: string; user: number; seq: number }[];
}

/** A group as a naive server keeps it, with the log as it was told live. */
class Naive {
  readonly live: LogEntry[] = [];
  readonly #rows = new Map<number, Row>();
  readonly #random: Random;
  readonly #entriesPerTick: number;

  constructor(random: Random, entriesPerTick: number) {
    this.#random = random;
    this.#entriesPerTick = entriesPerTick;
  }

  /** Does anything that adds an entry to the log. */
  step(): void {
    const seq = this.live.length + 1;
    const tick = String(Math.floor(seq / this.#entriesPerTick)).padStart(6, "0");
    const actor = 1 + this.#random.below(4);
    const head = { group_id: 7, seq, user_id: actor, username: `u${actor}`, created_at: `2026-01-01T00:00:00.${tick}Z` };
    const alive = [...this.#rows.values()].filter(({ message }) => !message.deleted);
    const row = alive[this.#random.below(alive.length)];
    const kind = this.#random.below(10);
    if (row === undefined || kind < 3) {
      const target = this.#random.below(2) === 0 ? [...this.#rows.values()][this.#random.below(this.#rows.size)] : undefined;
      const answers = target?.message.id;
      const thread = answers !== undefined && { reply_to: answers, thread_id: target!.message.thread_id ?? answers };
      const message = { id: 1_000 - seq, content: `m${seq}`, group_name: "lobby", ...head, ...thread, ...this.#mentions() };
      this.#rows.set(message.id, { message, reactions: [] });
      this.live.push({ type: "message", ...message });
      return;
    }
    const of = { message_id: row.message.id, message_seq: row.message.seq };
    if (kind < 5) {
      const [content, mentions] = [`e${seq}`, this.#mentions()];
      const { mentions: _, ...message } = row.message;
      row.message = { ...message, content, ...mentions, edited_at: head.created_at };
      this.live.push({ type: "edited", ...head, ...of, content, ...mentions });
    } else if (kind < 6) {
      const { mentions: _, edited_at: __, ...message } = row.message;
      row.message = { ...message, content: "", deleted: true };
      row.reactions = [];
      this.live.push({ type: "deleted", ...head, ...of });
    } else if (kind < 9) {
      const emoji = EMOJI[this.#random.below(EMOJI.length)]!;
      const rest = row.reactions.filter((it) => it.emoji !== emoji || it.user !== actor);
      const on = rest.length === row.reactions.length;
      row.reactions = on ? [...rest, { emoji, user: actor, seq }] : rest;
      this.live.push({ type: "reaction", ...head, ...of, emoji, on });
    } else {
      this.live.push({ type: "member", ...head, member: { id: 9, username: "u9" }, change: "joined" });
    }
  }

  /** The log behind a place as a replay has it: with the contents of today. */
  replay(after: number): LogEntry[] {
    return this.live.slice(after).map((entry) => {
      if (entry.type === "message") return { type: "message", ...this.#rows.get(entry.id)!.message };
      if (entry.type !== "edited") return entry;
      const { content, mentions } = this.#rows.get(entry.message_id)!.message;
      const { mentions: _, ...rest } = entry;
      return { ...rest, content, ...(mentions && { mentions }) };
    });
  }

  /** The newest messages as `history` lists them. */
  history(count: number): Message[] {
    return [...this.#rows.values()].slice(-count).map(({ message, reactions }) => {
      if (reactions.length === 0) return message;
      const users = (emoji: string): number[] => reactions.filter((it) => it.emoji === emoji).map(({ user }) => user);
      const listed = [...new Set(reactions.map(({ emoji }) => emoji))].map((emoji) => {
        const user_ids = users(emoji);
        return { emoji, count: user_ids.length, user_ids };
      });
      return { ...message, reactions: listed };
    });
  }

  /** What a state should show. */
  get expected(): unknown[] {
    return [...this.#rows.values()].map(({ message, reactions }) => {
      const byEmoji = new Map<string, number[]>();
      for (const { emoji, user } of reactions) byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), user]);
      return { ...message, reactions: byEmoji };
    });
  }

  #mentions(): { mentions?: number[] } {
    return this.#random.below(3) === 0 ? { mentions: [1 + this.#random.below(4)] } : {};
  }
}

function fed(...logs: LogEntry[][]): GroupState {
  const state = new GroupState();
  for (const entry of logs.flat()) state.apply(entry);
  return state;
}

/** What a state shows, without the order of reactions, which a list does not tell in full. */
function unordered(messages: unknown[]): unknown[] {
  return (messages as { reactions: Map<string, number[]> }[]).map(({ reactions, ...message }) => {
    const sorted = [...reactions].map(([emoji, users]) => [emoji, [...users].sort()] as const).sort();
    return { ...message, reactions: sorted };
  });
}

const seed = Number(process.env["GROUPCAST_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

test(`a state is what its log comes to, however it was read (GROUPCAST_SEED=${seed})`, () => {
  const random = new Random(seed);
  for (let history = 0; history < HISTORIES; history += 1) {
    // Times of a log may be equal, if they do not descend.
    const server = new Naive(random, 1 + random.below(3));
    const lengths = 1 + random.below(ENTRIES);
    const seen = new GroupState();
    for (let step = 0; step < lengths; step += 1) {
      server.step();
      seen.apply(server.live.at(-1)!);
      // Asked for in between, since what was shown is kept.
      if (random.below(4) === 0) assert.deepEqual(seen.messages, server.expected);
    }
    const { live, expected } = server;
    const lost = random.below(live.length + 1);
    const from = random.below(lost + 1);
    assert.deepEqual(seen.messages, expected);
    assert.deepEqual(fed(live, live).messages, expected, "twice");
    assert.deepEqual(fed(server.replay(0)).messages, expected, "a replay");
    assert.deepEqual(fed(server.replay(0), live).messages, expected, "a replay, then live");
    assert.deepEqual(fed(live.slice(0, lost), server.replay(lost)).messages, expected, "live, then a replay");
    assert.deepEqual(fed(live.slice(0, lost), server.replay(from)).messages, expected, "a replay of what was seen too");

    const all = server.history(Infinity);
    const listed = new GroupState(all);
    const shown = unordered(expected);
    assert.deepEqual(unordered(listed.messages), shown, "a list");
    for (const entry of server.replay(from)) listed.apply(entry);
    assert.deepEqual(unordered(listed.messages), shown, "a list, then a replay");
    const late = fed(live.slice(from));
    for (const message of all) late.add(message);
    assert.deepEqual(unordered(late.messages), shown, "a list of what was changed before it was known");
    assert.deepEqual(late.get(all[0]!.id), late.messages[0]);
    assert.equal(late.get(1), undefined);
  }
});

test(`a state does not mind the order of what it is fed with (GROUPCAST_SEED=${seed})`, () => {
  const random = new Random(seed);
  for (let history = 0; history < HISTORIES; history += 1) {
    const server = new Naive(random, 1);
    for (let step = 0; step < ENTRIES; step += 1) server.step();
    const shuffled = [...server.live];
    for (let end = shuffled.length; end > 1; end -= 1) {
      const index = random.below(end);
      [shuffled[index], shuffled[end - 1]] = [shuffled[end - 1]!, shuffled[index]!];
    }
    assert.deepEqual(fed(shuffled).messages, server.expected);
  }
});

test(`what was deleted is kept nowhere in a state (GROUPCAST_SEED=${seed})`, () => {
  const random = new Random(seed);
  const server = new Naive(random, 1);
  while (!server.live.some(({ type }) => type === "deleted")) server.step();
  const deleted = server.live.find((entry) => entry.type === "deleted")!;
  const state = new GroupState();
  for (const entry of server.live) state.apply(entry);
  // Late, as from a copy that was kept.
  for (const entry of server.live.slice(0, -1)) state.apply(entry);
  const message = state.get(deleted.message_id)!;
  assert.deepEqual([message.content, message.deleted, message.reactions.size], ["", true, 0]);
});
