import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupState } from "groupcast-client";
import type { LogEntry } from "groupcast-client";

import { listed } from "./support/listed.js";
import { Model } from "./support/model.js";
import { Random } from "./support/random.js";

const HISTORIES = 400;
const STEPS_MAX = 250;
const ME = 1;

const seed = Number(process.env["GROUPCAST_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** An answer on its way: it is put together at one moment, and arrives at a later one. */
interface Answer {
  ask(): () => void;
  arrive: (() => void) | undefined;
}

/** A state, and a network between it and the model. */
class Pair {
  readonly model: Model;
  readonly state: GroupState;
  readonly #random: Random;
  #answers: Answer[] = [];
  /** What was sent and has not arrived. */
  #underWay: LogEntry[] = [];
  #sent: number;
  /** The first place that is kept, as far as was heard. */
  #first: number;

  constructor(model: Model, random: Random, seq: number, keep: number) {
    this.model = model;
    this.#random = random;
    this.#sent = seq;
    this.state = new GroupState({ me: ME, seq, keep });
    this.#first = model.first;
    this.state.dropBefore(this.#first);
  }

  /** Anything happens. */
  step(): void {
    const kind = this.#random.below(20);
    const { model, state } = this;
    if (kind < 7) model.step();
    else if (kind < 13) this.#deliver();
    else if (kind === 13) this.#reconnect();
    else if (kind === 14) this.#ask(() => this.#older(1 + this.#random.below(15)));
    else if (kind === 15) this.#ask(() => this.#own());
    else if (kind === 16 && state.vague.length > 0) this.#ask(() => this.#anew(state.vague[0]!));
    else if (kind === 17) this.#move();
    else if (kind === 18 && this.#random.below(8) === 0) model.cut(this.#random.below(model.head));
    else if (kind === 18 && this.#random.below(4) === 0) state.trim();
    else if (kind === 19) this.#catchUp();
    else this.#progress();
  }

  /** All entries arrive. Whatever is under way, what is not said to be vague is as it is. */
  #catchUp(): void {
    const { model, state } = this;
    while (this.#sent < model.head || this.#underWay.length > 0) this.#deliver();
    if (model.first > this.#first) return;
    const known = state.messages.filter(({ id }) => !state.vague.includes(id));
    assert.deepEqual(listed(known), known.map(({ id }) => model.message(id)));
    const { read_seq, unread, mentions, capped = false, last_message, group, role } = model.own(ME);
    // Not everything that was read has been heard of.
    if (state.isMarkVague || state.mark?.seq !== read_seq) return;
    assert.deepEqual(state.mark, { seq: read_seq, unread, mentions, capped });
    assert.deepEqual([state.lastMessage, state.group, state.role], [last_message ?? undefined, group, role]);
  }

  /** Nothing happens any more, and what is under way arrives. */
  settle(): void {
    // Of what is cut off nobody hears before the next connection.
    if (this.model.first > this.#first || this.#random.below(3) === 0) this.#reconnect();
    while (this.#answers.length > 0) this.#progress();
    while (this.#sent < this.model.head || this.#underWay.length > 0) this.#deliver();
    for (let rounds = 0; this.state.isMarkVague || this.state.vague.length > 0; rounds += 1) {
      assert.ok(rounds < 2 + this.state.messages.length, "what is vague stays so");
      if (this.state.isMarkVague) this.#now(this.#own());
      for (const id of this.state.vague) this.#now(this.#anew(id));
    }
  }

  /** Everything is listed. */
  listAll(): void {
    while (this.state.hasOlder) this.#now(this.#older(40));
    const reading = this.state.begin();
    reading.members([...this.model.members.values()]);
  }

  check(what: string): void {
    const { model, state } = this;
    const { group, role, read_seq: seq, unread, mentions, capped = false, last_message } = model.own(ME);
    const all = model.history(Infinity, Infinity).messages;
    assert.deepEqual(listed(state.messages), all.filter((message) => message.seq >= state.from), what);
    assert.deepEqual(state.mark, { seq, unread, mentions, capped }, what);
    assert.deepEqual([state.group, state.role, state.seq], [group, role, model.head], what);
    assert.deepEqual(state.lastMessage, last_message ?? undefined, what);
    if (state.members) assert.deepEqual(state.members, model.members, what);
  }

  /** The next entry is sent, or arrives. */
  #deliver(): void {
    if (this.#random.below(2) === 0 && this.#sent < this.model.head) {
      this.#underWay.push(this.model.live[this.#sent]!);
      this.#sent += 1;
    } else {
      const entry = this.#underWay.shift();
      if (entry) this.state.apply(entry);
    }
  }

  /** What has not arrived is sent again, as it is today. */
  #reconnect(): void {
    this.#first = this.model.first;
    this.state.dropBefore(this.#first);
    this.#underWay = structuredClone(this.model.replay(this.state.seq));
    this.#sent = this.model.head;
    // Marks that have moved are not in the log.
    this.#ask(() => this.#own());
  }

  /** The user has read, here or elsewhere, and is told later. */
  #move(): void {
    const user = 1 + this.#random.below(2);
    this.model.read(user, this.#random.below(this.model.head + 2));
    const mark = { user_id: user, seq: this.model.marks.get(user)! };
    this.#answers.push({ ask: () => () => undefined, arrive: () => this.state.read(mark) });
  }

  #ask(question: () => Answer): void {
    if (this.#answers.length < 5) this.#answers.push(question());
  }

  /** Some answer is put together, or arrives. */
  #progress(): void {
    const index = this.#random.below(this.#answers.length);
    const answer = this.#answers[index];
    if (answer === undefined) return;
    if (answer.arrive === undefined) {
      answer.arrive = answer.ask();
    } else {
      this.#answers.splice(index, 1);
      answer.arrive();
    }
  }

  #now(answer: Answer): void {
    answer.ask()();
  }

  #older(limit: number): Answer {
    const { state, model } = this;
    const [reading, before] = [state.begin(), state.from];
    const ask = (): (() => void) => {
      const page = structuredClone(model.history(before, limit));
      return () => reading.older(page);
    };
    return { ask, arrive: undefined };
  }

  #own(): Answer {
    const reading = this.state.begin();
    const ask = (): (() => void) => {
      const own = this.model.own(ME);
      return () => reading.own(own);
    };
    return { ask, arrive: undefined };
  }

  #anew(id: number): Answer {
    const reading = this.state.begin();
    const ask = (): (() => void) => {
      const message = structuredClone(this.model.message(id));
      return () => (message ? reading.anew([message]) : reading.cancel());
    };
    return { ask, arrive: undefined };
  }
}

test(`a state equals the server's, however it was read (GROUPCAST_SEED=${seed})`, () => {
  const random = new Random(seed);
  let entries = 0;
  for (let history = 0; history < HISTORIES; history += 1) {
    const habits = { users: random.below(2) === 0 ? 4 : 40, entriesPerTick: 1 + random.below(3), isCrowded: random.below(2) === 0 };
    const model = new Model(random, habits);
    const before = random.below(3) === 0 ? 0 : random.below(STEPS_MAX);
    for (let step = 0; step < before; step += 1) model.step();
    if (random.below(4) === 0) model.cut(random.below(before));
    // From the beginning, from a place that was kept, or from the end.
    const seq = [0, random.below(before + 1), before][random.below(3)]!;
    const pair = new Pair(model, random, seq, random.below(2) === 0 ? 1_000 : 1 + random.below(40));
    const steps = random.below(STEPS_MAX * 2);
    for (let step = 0; step < steps; step += 1) pair.step();
    pair.settle();
    pair.check(`history ${history}`);
    pair.listAll();
    pair.settle();
    pair.check(`history ${history}, listed`);

    const again = new GroupState({ me: ME, seq: model.first - 1 });
    again.dropBefore(model.first);
    for (const entry of [...model.replay(0), ...model.replay(0)]) again.apply(entry);
    assert.deepEqual(listed(again.messages), model.history(Infinity, Infinity).messages, `history ${history}, replayed`);
    entries += model.head;
  }
  assert.ok(entries > HISTORIES * 20);
});

/** A state that has had a history, and the model that it comes from. */
function fed(steps: number, keep?: number): { model: Model; state: GroupState } {
  const model = new Model(new Random(seed), { users: 4, entriesPerTick: 1, isCrowded: false });
  const state = new GroupState({ me: ME, ...(keep !== undefined && { keep }) });
  for (let step = 0; step < steps; step += 1) {
    model.step();
    state.apply(model.live.at(-1)!);
  }
  return { model, state };
}

test(`a state keeps as much as it shall (GROUPCAST_SEED=${seed})`, () => {
  const { model, state } = fed(500, 20);
  assert.equal(state.messages.length, 20);
  assert.equal(state.hasOlder, true);
  const page = model.history(state.from, 30);
  state.begin().older(page);
  assert.equal(state.messages.length, 50);
  for (let step = 0; step < 300; step += 1) {
    model.step();
    state.apply(model.live.at(-1)!);
  }
  assert.equal(state.messages.length, 50);
  state.trim();
  assert.equal(state.messages.length, 20);
  assert.deepEqual(listed(state.messages), model.history(Infinity, 20).messages);
});

test(`what does not change is the same (GROUPCAST_SEED=${seed})`, () => {
  const { state } = fed(200);
  const { messages, seq } = state;
  assert.equal(state.messages, messages);
  const author = { user_id: 2, username: "u2", created_at: "2026-02-01T00:00:00.000000Z" };
  const last = [...messages].reverse().find(({ deleted }) => !deleted)!;
  const of = { group_id: 7, message_id: last.id, message_seq: last.seq, ...author };
  state.apply({ type: "reaction", ...of, seq: seq + 1, emoji: "🫖", on: true });
  assert.notEqual(state.messages, messages);
  for (const [index, message] of state.messages.entries()) assert.equal(message === messages[index], message.id !== last.id);
  // The objects that were handed out stay as they were.
  assert.ok(!last.reactions.some(({ emoji }) => emoji === "🫖"));
  const changed = state.messages;
  state.apply({ type: "member", group_id: 7, seq: seq + 2, ...author, member: { id: 9, username: "u9" }, change: "joined" });
  assert.equal(state.messages, changed);
});

test("listeners are told once of what comes together, until they are removed", () => {
  const runs: (() => void)[] = [];
  const state = new GroupState({ me: ME, schedule: (run) => runs.push(run) });
  const message = { id: 1, content: "m", user_id: 2, username: "u2", group_id: 7, group_name: "lobby", created_at: "t" };
  state.apply({ type: "message", ...message, seq: 1 });
  assert.equal(runs.length, 0);
  const told: number[] = [];
  const remove = state.subscribe(({ seq }) => told.push(seq));
  for (const seq of [2, 3, 4]) state.apply({ type: "message", ...message, id: seq, seq });
  // Those that were there already are no change.
  state.apply({ type: "message", ...message, seq: 1 });
  assert.equal(runs.length, 1);
  runs.shift()!();
  state.apply({ type: "message", ...message, id: 5, seq: 5 });
  runs.shift()!();
  assert.deepEqual(told, [4, 5]);
  state.apply({ type: "message", ...message, seq: 5 });
  remove();
  state.apply({ type: "message", ...message, id: 6, seq: 6 });
  assert.equal(runs.length, 0);
});

test("what was deleted is kept nowhere in a state", () => {
  const state = new GroupState({ me: ME });
  const content = "a secret";
  const message = { id: 1, seq: 1, content, user_id: 2, username: "u2", group_id: 7, group_name: "lobby", created_at: "t", mentions: [1] };
  const of = { group_id: 7, user_id: 2, username: "u2", created_at: "t", message_id: 1, message_seq: 1 };
  state.apply({ type: "message", ...message });
  state.apply({ type: "reaction", ...of, seq: 2, emoji: "👍", on: true });
  state.apply({ type: "deleted", ...of, seq: 3 });
  // Late, as from a list that was put together before.
  state.begin().anew([message]);
  state.apply({ type: "edited", ...of, seq: 4, content });
  const { content: shown, deleted, reactions, mentions, edited_at } = state.get(1)!;
  assert.deepEqual([shown, deleted, reactions, mentions, edited_at], ["", true, [], undefined, undefined]);
});

test("a state that has missed what is not kept any more drops what is older", () => {
  const message = { content: "m", user_id: 2, username: "u2", group_id: 7, group_name: "lobby", created_at: "t" };
  const state = new GroupState({ me: ME });
  for (const seq of [1, 2, 3, 4]) state.apply({ type: "message", ...message, id: seq, seq });
  state.dropBefore(3);
  assert.deepEqual([state.messages.map(({ id }) => id), state.hasOlder, state.seq], [[3, 4], false, 4]);
  state.dropBefore(9);
  assert.deepEqual([state.messages, state.hasOlder, state.seq, state.isMarkVague], [[], false, 8, true]);
  state.apply({ type: "message", ...message, id: 9, seq: 9 });
  assert.deepEqual(state.messages.map(({ id }) => id), [9]);
});
