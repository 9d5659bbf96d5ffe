import type { GroupInfo, OwnGroup } from "./api-types.js";
import type { LogEntry, Message } from "./entries.js";
import type { Group, OwnMark } from "./frames.js";
import type { MessageRange } from "./message-range.js";
import { KnownMessage } from "./message-state.js";
import { Unread, count } from "./unread.js";
import type { Counts } from "./unread.js";

/** What a group is to one user: its name, the user's role and mark, and its newest message. */
export class OwnState {
  readonly #me: number;
  readonly #range: MessageRange;
  readonly #unread = new Unread();
  #group: Partial<GroupInfo> = {};
  #role: string | undefined;
  /** What was told as of a place that was not read yet. */
  #pending: { own: OwnGroup; isSure: boolean } | undefined;
  /** The newest message that is not deleted, if it is before those that are known. */
  #last: KnownMessage | undefined;
  /** Whether that one, or anything else that is told with the mark, is not known. */
  #isMissing = true;

  /** Begins over a range, with what there was before entries were missed. */
  constructor(me: number, range: MessageRange, before?: OwnState) {
    this.#me = me;
    this.#range = range;
    if (before === undefined) return;
    this.#group = before.#group;
    this.#role = before.#role;
    this.#pending = before.#pending;
    if (before.#unread.mark !== undefined) this.move(before.#unread.mark);
  }

  get group(): Readonly<Partial<GroupInfo>> {
    return this.#group;
  }

  get role(): string | undefined {
    return this.#role;
  }

  get last(): Readonly<Message> | undefined {
    return (this.#range.last ?? this.#last)?.message;
  }

  get mark(): OwnMark | undefined {
    const { mark } = this.#unread;
    return mark === undefined ? undefined : this.#unread.total(this.#count(mark));
  }

  /** Whether only the server can tell. */
  get isVague(): boolean {
    return (this.#unread.isVague || this.#isMissing) && this.#pending === undefined;
  }

  /** Names the group. */
  named(group: Group): void {
    this.#group = { ...this.#group, ...group };
  }

  /** The mark has moved. */
  move(seq: number): void {
    this.#unread.move(seq, this.#known);
  }

  /** Takes an entry about the group or a member. */
  change(entry: LogEntry): void {
    this.#last?.rename(entry);
    if (entry.type === "member") {
      const { member, change, role = "member" } = entry;
      if (member.id === this.#me && (change === "role" || change === "joined")) this.#role = role;
    } else if (entry.type === "group") {
      const { name, topic, join } = entry;
      const changes = { ...(name !== undefined && { name }), ...(topic !== undefined && { topic }), ...(join !== undefined && { join }) };
      this.#group = { ...this.#group, ...changes };
    }
  }

  /** Takes an edit or a deletion of a message, with what the range knows of it before and after, if it does. */
  changeMessage(entry: Extract<LogEntry, { type: "edited" | "deleted" }>, before?: Message, after?: Message): void {
    if (entry.message_seq > (this.#unread.mark ?? 0)) {
      // A replay is ahead of itself: one that changes nothing may have been there, but not for the server, when that told.
      if (before === undefined) this.#unread.blur();
      else if (this.#weight(before) === this.#weight(after) && this.#unread.isPartial) this.#unread.blur();
    }
    if (this.#last?.message.id === entry.message_id) {
      if (entry.type === "edited") {
        this.#last.edit(entry);
      } else {
        this.#last = undefined;
      }
    }
    if (entry.type === "deleted" && this.last === undefined && this.#range.hasOlder) this.#isMissing = true;
  }

  /** Takes what the server told, unless some of it can not be told apart from lists of messages that were taken since it was asked. */
  told(own: OwnGroup, seq: number, isSure: boolean): void {
    if (own.head_seq > seq) {
      this.#pending = { own, isSure };
      this.move(own.read_seq);
    } else {
      this.#pending = undefined;
      this.#take(own, seq, isSure && own.head_seq === seq);
    }
  }

  /** The entries up to a place were read. */
  reached(seq: number): void {
    if (this.#pending === undefined || this.#pending.own.head_seq > seq) return;
    const { own, isSure } = this.#pending;
    this.#pending = undefined;
    // Else that place was never read.
    if (own.head_seq === seq) this.#take(own, seq, isSure);
  }

  /** Messages were listed, or cut, as of a place that may not be that of what was told. */
  listed(): void {
    if (this.#pending) this.#pending.isSure = false;
  }

  /** The range has grown downwards, from this place on. */
  grown(before: number): void {
    const { mark } = this.#unread;
    this.#unread.known(this.#known, mark === undefined ? undefined : this.#count(mark, before - 1));
    if (this.#last && this.#last.message.seq >= this.#range.from) this.#last = undefined;
  }

  /** These are not in the range any more. */
  evicted(dropped: readonly KnownMessage[]): void {
    const { mark } = this.#unread;
    if (mark !== undefined) this.#unread.forgotten(count(dropped, this.#me, mark));
    this.#last = [...dropped].reverse().find(({ message }) => !message.deleted) ?? this.#last;
  }

  /** The server keeps less than before. */
  cut(): void {
    const { first } = this.#range;
    if (this.#last && this.#last.message.seq < first) this.#last = undefined;
    if ((this.#unread.mark ?? 0) + 1 < first) this.#unread.blur();
    this.#unread.known(this.#known);
  }

  /** The place from which on all messages are known, or 0 if there are no others. */
  get #known(): number {
    return this.#range.hasOlder ? this.#range.from : 0;
  }

  /** How a message counts: not at all, as unread, or as a mention. */
  #weight(message: Message | undefined): number {
    return message === undefined || message.deleted ? 0 : message.mentions?.includes(this.#me) ? 2 : 1;
  }

  #count(after: number, upTo?: number): Counts {
    return count(this.#range.all, this.#me, after, upTo);
  }

  #take({ group, role, read_seq, head_seq, unread, mentions, last_message }: OwnGroup, seq: number, isSure: boolean): void {
    this.#group = group;
    this.#role = role;
    const after = Math.max(read_seq, this.#unread.mark ?? 0);
    this.#unread.told(read_seq, { unread, mentions }, this.#count(after, head_seq), this.#known);
    if (!isSure && this.#known > after + 1) this.#unread.blur();
    // What has come since may have been about that message.
    this.#isMissing = head_seq < seq && this.#range.last === undefined && this.#range.hasOlder;
    const { first, from } = this.#range;
    if (last_message && last_message.seq >= first && last_message.seq < from) this.#last = new KnownMessage(last_message);
  }
}
