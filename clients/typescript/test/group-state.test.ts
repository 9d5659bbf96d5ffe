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

  constructor(model: Model, random: Random, seq: number, keep: number) {
    this.model = model;
    this.#random = random;
    this.#sent = seq;
    this.state = new GroupState({ me: ME, seq, keep });
    this.state.dropBefore(model.first);
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
    else this.#progress();
  }

  /** Nothing happens any more, and what is under way arrives. */
  settle(): void {
    this.#reconnect();
    while (this.#answers.length > 0) this.#progress();
    while (this.#sent < this.model.head || this.#underWay.length > 0) this.#deliver();
    this.state.dropBefore(this.model.first);
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
    this.state.dropBefore(this.model.first);
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
