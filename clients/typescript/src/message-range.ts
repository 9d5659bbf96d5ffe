import type { LogEntry, Message } from "./entries.js";
import { KnownMessage } from "./message-state.js";
import type { MessageState } from "./message-state.js";

const NONE: ReadonlySet<KnownMessage> = new Set();

/** The messages of a group from some place on, all of them, in the order of their places. So all answers to each are among them. */
export class MessageRange {
  readonly #me: number;
  readonly #byId = new Map<number, KnownMessage>();
  /** The answers, by the message with which their thread begins. */
  readonly #threads = new Map<number, Set<KnownMessage>>();
  #sorted: KnownMessage[] = [];
  #isSorted = true;
  #view: readonly MessageState[] | undefined;
  #from: number;
  #first = 1;

  /** Begins without any, in front of those that come behind a place. */
  constructor(me: number, seq: number) {
    this.#me = me;
    this.#from = seq + 1;
  }

  /** All messages from this place on are known. */
  get from(): number {
    return this.#from;
  }

  /** The first place that the server keeps. */
  get first(): number {
    return this.#first;
  }

  /** Whether there are messages before those that are known. */
  get hasOlder(): boolean {
    return this.#from > this.#first;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** In the order of their places. */
  get all(): readonly KnownMessage[] {
    if (!this.#isSorted) {
      this.#sorted.sort((one, other) => one.message.seq - other.message.seq);
      this.#isSorted = true;
    }
    return this.#sorted;
  }

  get(id: number): KnownMessage | undefined {
    return this.#byId.get(id);
  }

  /** Takes one as it was listed. */
  list(message: Message): void {
    const known = this.#byId.get(message.id);
    if (known === undefined) {
      this.add(message);
    } else {
      known.list(message);
      this.#answered(known);
    }
  }

  /** Adds one that is not known yet. */
  add(message: Message): void {
    const known = new KnownMessage(message);
    const last = this.#sorted.at(-1);
    if (last !== undefined && last.message.seq > message.seq) this.#isSorted = false;
    this.#sorted.push(known);
    this.#byId.set(message.id, known);
    if (message.thread_id !== undefined) {
      const answers = this.#threads.get(message.thread_id) ?? new Set();
      this.#threads.set(message.thread_id, answers.add(known));
    }
    this.#answered(known);
  }

  /** So many more are known, down to this place. */
  reach(from: number): void {
    this.#from = Math.max(this.#first, Math.min(this.#from, from));
  }

  /** The server keeps nothing before this place. */
  dropBefore(first: number): void {
    this.#first = first;
    this.dropFirst(this.all.filter(({ message }) => message.seq < first).length);
    this.#from = Math.max(this.#from, first);
  }

  /** Changes what an entry says of a message, if that is known. */
  change(entry: Extract<LogEntry, { message_id: number }>): void {
    const known = this.#byId.get(entry.message_id);
    if (known === undefined) return;
    if (entry.type === "edited") known.edit(entry);
    if (entry.type === "reaction") known.react(entry, this.#me);
    if (entry.type === "deleted") {
      known.delete();
      this.#answered(known);
    }
    this.#view = undefined;
  }

  /** Gives all messages the names of which an entry tells. */
  rename(entry: LogEntry): void {
    for (const known of this.all) {
      if (known.rename(entry)) this.#view = undefined;
    }
  }

  /** Forgets the first, and returns them. */
  dropFirst(count: number): KnownMessage[] {
    const dropped = this.all.slice(0, Math.max(0, count));
    if (dropped.length === 0) return [];
    this.#from = Math.max(this.#from, dropped.at(-1)!.message.seq + 1);
    this.#sorted = this.#sorted.slice(dropped.length);
    for (const known of dropped) {
      const { id, thread_id } = known.message;
      this.#byId.delete(id);
      const answers = thread_id === undefined ? undefined : this.#threads.get(thread_id);
      if (answers?.delete(known) && answers.size === 0) this.#threads.delete(thread_id!);
    }
    this.#view = undefined;
    return dropped;
  }

  /** The newest that is not deleted. */
  get last(): KnownMessage | undefined {
    for (let index = this.all.length - 1; index >= 0; index -= 1) {
      if (!this.all[index]!.message.deleted) return this.all[index];
    }
    return undefined;
  }

  /** As they are shown. The same array until something changes. */
  get view(): readonly MessageState[] {
    this.#view ??= this.all.map((known) => this.viewOf(known));
    return this.#view;
  }

  viewOf(known: KnownMessage): MessageState {
    return known.view(this.#me, this.#threads.get(known.message.id) ?? NONE);
  }

  /** The answers in a thread, in the order of their places. */
  answers(threadId: number): MessageState[] {
    const answers = [...(this.#threads.get(threadId) ?? NONE)].sort((one, other) => one.message.seq - other.message.seq);
    return answers.map((known) => this.viewOf(known));
  }

  /** One has come or gone, and so has an answer in its thread. */
  #answered({ message }: KnownMessage): void {
    this.#view = undefined;
    if (message.thread_id !== undefined) this.#byId.get(message.thread_id)?.touch();
  }
}
