import type { GroupInfo, Member, OwnGroup } from "./api-types.js";
import { Emitter } from "./emitter.js";
import type { LogEntry, Message, User } from "./entries.js";
import type { Group, History, OwnMark, ReadMark } from "./frames.js";
import { Members } from "./members.js";
import { MessageRange } from "./message-range.js";
import type { MessageState } from "./message-state.js";
import { OwnState } from "./own-state.js";
import { Reading } from "./reading.js";

/** How a state begins, and what it keeps. */
export interface GroupStateOptions {
  /** The number of the user whose reactions, mark and mentions it shows. */
  me: number;
  /** The place behind which the entries follow, such as that of a subscription's position. Default 0, the beginning. */
  seq?: number;
  /** How many of the newest messages it keeps; what was listed besides stays until `trim`. Default 1,000. */
  keep?: number;
  /** Runs, soon, what tells the listeners of changes; what has changed until then is told at once. By default a timer of 0 ms. */
  schedule?: (run: () => void) => void;
}

/**
 * What a group's log comes to: the newest messages as they are, with reactions and threads, the members, and what the user has read.
 *
 * It is fed with the entries of the log in their order. Those that it has had already change nothing. Lists that the server was asked for
 * are taken by what `begin` returned before the question: they may know more than the entries that were read so far.
 *
 * All messages from some place on are known, and none before; those can be listed. It asks nothing of the server. Where only that can tell
 * how things are, `vague` and `isMarkVague` say so. `Client.open` makes a state for which all of this is done.
 */
export class GroupState {
  /** The number of the user whose state it is. */
  readonly me: number;
  readonly #keep: number;
  readonly #schedule: (run: () => void) => void;
  readonly #events = new Emitter<{ change: GroupState }>();
  readonly #readings = new Set<Reading>();
  readonly #members = new Members();
  #range: MessageRange;
  #own: OwnState;
  #marks = new Map<number, number>();
  #seq: number;
  /** Messages that were asked for, beyond those that are kept anyway. */
  #asked = 0;
  /** Lists of messages that were taken, and cuts. */
  #lists = 0;
  /** The group's name by the last entry that told of one. */
  #name: string | undefined;
  #listeners = 0;
  #isTelling = false;

  constructor(options: GroupStateOptions) {
    this.me = options.me;
    this.#keep = options.keep ?? 1_000;
    this.#schedule = options.schedule ?? ((run) => void setTimeout(run, 0));
    this.#seq = options.seq ?? 0;
    this.#range = new MessageRange(this.me, this.#seq);
    this.#own = new OwnState(this.me, this.#range);
  }

  /** Calls back after changes, once for all that came together. Returns a function that ends this. */
  subscribe(listener: (state: GroupState) => void): () => void {
    const remove = this.#events.on("change", listener);
    this.#listeners += 1;
    return () => {
      this.#listeners -= 1;
      remove();
    };
  }

  /** The place of the last entry that it has had. */
  get seq(): number {
    return this.#seq;
  }

  /** The group, as far as it is known. */
  get group(): Readonly<Partial<GroupInfo>> {
    return this.#own.group;
  }

  /** What the user is in the group: `owner`, `admin` or `member`; `undefined` before the server has told. */
  get role(): string | undefined {
    return this.#own.role;
  }

  /** The messages that are known, deleted ones too, in the order of their places. The same array as long as none changes. */
  get messages(): readonly MessageState[] {
    return this.#range.view;
  }

  /** Whether there are messages before those that are known. */
  get hasOlder(): boolean {
    return this.#range.hasOlder;
  }

  /** All messages from this place on are known: `before` of the question for older ones. */
  get from(): number {
    return this.#range.from;
  }

  /** The message with this `id`, if it is known. The same object as long as it does not change. */
  get(messageId: number): MessageState | undefined {
    const known = this.#range.get(messageId);
    return known && this.#range.viewOf(known);
  }

  /** The known answers in the thread that begins with a message, deleted ones too: all, if that message is known itself. */
  thread(messageId: number): MessageState[] {
    return this.#range.answers(messageId);
  }

  /** The newest message that is not deleted, without what stands beside it. */
  get lastMessage(): Readonly<Message> | undefined {
    return this.#own.last;
  }

  /** The members by their numbers; `undefined` before they were listed. Who walks in is among them once they were seen. */
  get members(): ReadonlyMap<number, Member> | undefined {
    return this.#members.byId;
  }

  /** How far the user has read, and how much there is behind; `undefined` before the server has told. */
  get mark(): OwnMark | undefined {
    return this.#own.mark;
  }

  /** How far others have read at least, by their numbers, as far as it was told. Who sends a message has read up to it. */
  get marks(): ReadonlyMap<number, number> {
    return this.#marks;
  }

  /** The messages of whose reactions only the server can tell. They are to be listed anew. */
  get vague(): number[] {
    return this.#range.all.filter(({ isVague }) => isVague).map(({ message }) => message.id);
  }

  /** Whether only the server can tell `mark` and `lastMessage`. The own groups are to be listed anew. */
  get isMarkVague(): boolean {
    return this.#own.isVague;
  }

  /** Takes an entry of the log, unless it has had it. */
  apply(entry: LogEntry): void {
    if (entry.seq <= this.#seq) return;
    this.#seq = entry.seq;
    for (const reading of this.#readings) reading.note(entry);
    switch (entry.type) {
      case "message":
        this.#add(entry);
        break;
      case "edited":
      case "deleted":
        this.#changeMessage(entry);
        break;
      case "reaction":
        this.#range.change(entry);
        break;
      case "member":
      case "group":
        if (entry.type === "member") this.#members.apply(entry);
        if (entry.type === "group") this.#name = entry.name ?? this.#name;
        this.#range.rename(entry);
        this.#own.change(entry);
        break;
      default:
        break;
    }
    this.#own.reached(this.#seq);
    this.#changed();
  }

  /** Takes a mark that has moved. */
  read({ user_id, seq }: Pick<ReadMark, "user_id" | "seq">): void {
    if (user_id === this.me) {
      this.#own.move(seq);
    } else {
      this.#marks.set(user_id, Math.max(seq, this.#marks.get(user_id) ?? 0));
    }
    this.#changed();
  }

  /** Takes a user who was seen in the group, as `joined` tells. */
  seen(user: User): void {
    this.#members.seen(user);
    this.#changed();
  }

  /** Takes the group's name, as `subscribed` tells it. */
  named(group: Group): void {
    this.#own.named(group);
    this.#changed();
  }

  /**
   * The server keeps nothing before this place: `first_seq` of `subscribed`. If entries are gone that the state has not had, nothing that
   * was known before counts; the members are to be listed again.
   */
  dropBefore(first: number): void {
    if (first <= this.#range.first) return;
    if (this.#seq < first - 1) {
      this.#begin(first - 1);
      this.#members.clear();
    }
    this.#range.dropBefore(first);
    // What is under way may have been counted before.
    this.#listed();
    this.#own.cut();
    this.#own.reached(this.#seq);
    this.#changed();
  }

  /** Forgets what was listed besides the newest messages that it keeps. */
  trim(): void {
    this.#asked = 0;
    this.#evict();
    this.#changed();
  }

  /** Begins anew behind a place, with the newest messages. */
  reset(seq: number, page: Pick<History, "messages" | "more">): void {
    this.#begin(seq);
    this.#own = new OwnState(this.me, this.#range);
    this.#marks = new Map();
    this.#members.clear();
    this.begin().older(page);
  }

  /** To be called before the server is asked for a list. What it returns takes the answer, or is told that there is none. */
  begin(): Reading {
    const lists = this.#lists;
    const reading = new Reading(
      {
        older: (page, noted) => this.#takeOlder(page, noted),
        anew: (messages, noted) => this.#takeMessages(messages.filter(({ id }) => this.#range.get(id)), noted),
        own: (own, noted) => this.#takeOwn(own, lists === this.#lists, noted),
        members: (members, noted) => this.#takeMembers(members, noted),
      },
      () => this.#readings.delete(reading),
    );
    this.#readings.add(reading);
    return reading;
  }

  /** Begins behind a place, without messages. */
  #begin(seq: number): void {
    for (const reading of this.#readings) reading.cancel();
    this.#seq = seq;
    this.#asked = 0;
    this.#name = undefined;
    this.#range = new MessageRange(this.me, seq);
    this.#own = new OwnState(this.me, this.#range, this.#own);
  }

  #takeOlder({ messages, more }: Pick<History, "messages" | "more">, noted: readonly LogEntry[]): void {
    const { from, first } = this.#range;
    this.#takeMessages(messages.filter(({ seq }) => seq >= first), noted);
    this.#range.reach(more ? (messages[0]?.seq ?? from) : first);
    this.#asked = Math.max(this.#asked, this.#range.size - this.#keep);
    this.#own.grown(from);
  }

  #takeMessages(messages: readonly Message[], noted: readonly LogEntry[]): void {
    this.#listed();
    for (const message of messages) this.#range.list(message);
    const ids = new Set(messages.map(({ id }) => id));
    for (const entry of noted) {
      if ("message_id" in entry && ids.has(entry.message_id)) this.#range.change(entry);
      this.#range.rename(entry);
    }
    this.#changed();
  }

  /** What is known is not what it was at any one place of the log. */
  #listed(): void {
    this.#lists += 1;
    this.#own.listed();
  }

  #takeOwn(own: OwnGroup, isSure: boolean, noted: readonly LogEntry[]): void {
    this.#own.told(own, this.#seq, isSure);
    for (const entry of noted) {
      if (entry.seq > own.head_seq) this.#own.change(entry);
    }
    this.#changed();
  }

  #takeMembers(members: readonly Member[], noted: readonly LogEntry[]): void {
    this.#members.list(members);
    for (const entry of noted) {
      if (entry.type === "message") this.#members.seen({ id: entry.user_id, username: entry.username });
      if (entry.type === "member") this.#members.apply(entry);
    }
    this.#changed();
  }

  #changeMessage(entry: Extract<LogEntry, { type: "edited" | "deleted" }>): void {
    const known = this.#range.get(entry.message_id);
    const before = known?.message;
    this.#range.change(entry);
    this.#own.changeMessage(entry, before, known?.message);
  }

  #add({ type: _, ...message }: { type: string } & Message): void {
    const { id, user_id, username, seq } = message;
    // One that was listed may have changed since.
    // A message that was under way when the group was renamed has the old name.
    if (!this.#range.get(id)) this.#range.add({ ...message, ...(this.#name !== undefined && { group_name: this.#name }) });
    this.#members.seen({ id: user_id, username });
    this.read({ user_id, seq });
    this.#evict();
  }

  #evict(): void {
    // A page that is under way has to meet what is known.
    if (this.#readings.size > 0) return;
    const surplus = this.#range.size - this.#keep - this.#asked;
    // Those that a list had before their time still come.
    const first = this.#range.all.slice(0, Math.max(0, surplus)).filter(({ message }) => message.seq <= this.#seq);
    const dropped = this.#range.dropFirst(first.length);
    if (dropped.length > 0) this.#own.evicted(dropped);
  }

  #changed(): void {
    if (this.#listeners === 0 || this.#isTelling) return;
    this.#isTelling = true;
    this.#schedule(() => {
      this.#isTelling = false;
      this.#events.emit("change", this);
    });
  }
}
