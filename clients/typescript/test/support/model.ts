import type { History, LogEntry, Member, Message, OwnGroup, ReactionCount } from "groupcast-client";

import type { Random } from "./random.js";

const EMOJI = ["👍", "❤️", "🎉"];
const NAMED_MAX = 10;
const COUNTED_MAX = 1_000;

/** A message as a naive server keeps it. */
interface Row {
  message: Message;
  reactions: { emoji: string; user: number; seq: number }[];
}

/** How a history goes. */
export interface Habits {
  users: number;
  /** Entries that have one time. */
  entriesPerTick: number;
  /** Whether all reactions are to one message, as long as it is there. */
  isCrowded: boolean;
}

/** One group as a naive server keeps it, which counts everything anew whenever it is asked. The users are 1, 2, 3, ... */
export class Model {
  /** The log as it was told live; the place is the index and one. */
  readonly live: LogEntry[] = [];
  readonly marks = new Map<number, number>();
  readonly members = new Map<number, Member>();
  readonly #rows = new Map<number, Row>();
  readonly #random: Random;
  readonly #habits: Habits;
  readonly #erased = new Set<number>();
  #favourite: Row | undefined;
  #group = { id: 7, name: "lobby", is_private: false, topic: "", join: "open" };
  /** The first place that is kept. */
  first = 1;

  constructor(random: Random, habits: Habits) {
    this.#random = random;
    this.#habits = habits;
    for (let id = 1; id <= habits.users; id += 1) {
      this.members.set(id, { id, username: `u${id}`, role: id === 1 ? "owner" : "member" });
      this.marks.set(id, 0);
    }
  }

  get head(): number {
    return this.live.length;
  }

  /** Does anything that adds an entry to the log. */
  step(): void {
    const seq = this.head + 1;
    const actors = [...this.members.keys()];
    const actor = actors[this.#random.below(actors.length)]!;
    const tick = String(Math.floor(seq / this.#habits.entriesPerTick)).padStart(6, "0");
    const head = { group_id: 7, seq, user_id: actor, username: this.#name(actor), created_at: `2026-01-01T00:00:00.${tick}Z` };
    const kept = [...this.#rows.values()];
    const alive = kept.filter(({ message }) => !message.deleted);
    const kind = this.#random.below(24);
    const isReaction = kind >= 12 && kind < 22;
    let row = alive[this.#random.below(alive.length)];
    if (this.#habits.isCrowded && isReaction) {
      // The next favourite is somewhere among the newest.
      this.#favourite = alive.find(({ message }) => message.id === this.#favourite?.message.id) ?? alive[alive.length - 1 - this.#random.below(3)];
      row = this.#favourite ?? row;
    }
    if (row === undefined || kind < 7) {
      const target = this.#random.below(2) === 0 ? kept[this.#random.below(kept.length)] : undefined;
      const answers = target?.message.id;
      const thread = answers !== undefined && { reply_to: answers, thread_id: target!.message.thread_id ?? answers };
      const group_name = this.#group.name;
      const message = { id: 1_000 + seq, content: `m${seq}`, group_name, ...head, ...thread, ...this.#mentions() };
      this.#rows.set(message.id, { message, reactions: [] });
      this.live.push({ type: "message", ...message });
      this.read(actor, seq);
      return;
    }
    const of = { message_id: row.message.id, message_seq: row.message.seq };
    if (kind < 10) {
      const [content, mentions] = [`e${seq}`, this.#mentions()];
      const { mentions: _, ...message } = row.message;
      row.message = { ...message, content, ...mentions, edited_at: head.created_at };
      this.live.push({ type: "edited", ...head, ...of, content, ...mentions });
    } else if (kind < 12) {
      const { mentions: _, edited_at: __, ...message } = row.message;
      row.message = { ...message, content: "", deleted: true };
      row.reactions = [];
      this.live.push({ type: "deleted", ...head, ...of });
    } else if (kind < 22) {
      const emoji = EMOJI[Math.floor(this.#random.next() ** 2 * EMOJI.length)]!;
      const rest = row.reactions.filter((it) => it.emoji !== emoji || it.user !== actor);
      const on = rest.length === row.reactions.length;
      row.reactions = on ? [...rest, { emoji, user: actor, seq }] : rest;
      this.live.push({ type: "reaction", ...head, ...of, emoji, on });
    } else if (kind < 23) {
      const change = [{ name: `lobby ${seq}` }, { topic: `t${seq}` }, { join: seq % 2 === 0 ? "open" : "invite" }][this.#random.below(3)]!;
      this.#group = { ...this.#group, ...change };
      for (const { message } of this.#rows.values()) message.group_name = this.#group.name;
      this.live.push({ type: "group", ...head, ...change });
    } else {
      this.#changeMember(head, actors);
    }
  }

  /** Moves a mark forward. */
  read(user: number, seq: number): void {
    this.marks.set(user, Math.max(this.marks.get(user) ?? 0, Math.min(seq, this.head)));
  }

  /** Cuts the beginning of the log. */
  cut(first: number): void {
    this.first = Math.max(this.first, first);
    for (const [id, { message }] of this.#rows) {
      if (message.seq < this.first) this.#rows.delete(id);
    }
  }

  /** The log behind a place as a replay has it: with the contents and names of today. */
  replay(after: number): LogEntry[] {
    return this.live.slice(Math.max(after, this.first - 1)).map((entry) => {
      if (entry.type === "message") return { type: "message", ...this.#rows.get(entry.id)!.message };
      const today = { ...entry, username: this.#name(entry.user_id) };
      if (today.type !== "edited") return today;
      const { content = "", mentions } = this.#rows.get(today.message_id)?.message ?? {};
      const { mentions: _, ...rest } = today;
      return { ...rest, content, ...(mentions && { mentions }) };
    });
  }

  /** A page of messages, as it is listed. */
  history(before: number, limit: number): Pick<History, "messages" | "more"> {
    const rows = [...this.#rows.values()].filter(({ message }) => message.seq < before);
    return { messages: rows.slice(-limit).map((row) => this.#listed(row)), more: rows.length > limit };
  }

  /** One message, as it is listed, if it is kept. */
  message(id: number): Message | undefined {
    const row = this.#rows.get(id);
    return row && this.#listed(row);
  }

  /** What the list of a user's own groups says. */
  own(user: number): OwnGroup {
    const read_seq = this.marks.get(user)!;
    const messages = [...this.#rows.values()].map(({ message }) => message).filter(({ deleted }) => !deleted);
    const behind = messages.filter(({ seq, user_id }) => seq > read_seq && user_id !== user);
    const unread = Math.min(behind.length, COUNTED_MAX);
    const mentions = behind.filter(({ mentions }) => mentions?.includes(user)).length;
    const last_message = messages.at(-1) ?? null;
    const role = this.members.get(user)!.role;
    const capped = unread === COUNTED_MAX && { capped: true };
    // Copies: what is answered does not change any more.
    return structuredClone({ group: this.#group, role, read_seq, head_seq: this.head, unread, mentions, ...capped, last_message });
  }

  #listed({ message, reactions }: Row): Message {
    const byEmoji: ReactionCount[] = [];
    for (const emoji of new Set(reactions.map((it) => it.emoji))) {
      const users = reactions.filter((it) => it.emoji === emoji).map(({ user }) => user);
      byEmoji.push({ emoji, count: users.length, user_ids: users.slice(0, NAMED_MAX) });
    }
    const answers = [...this.#rows.values()].filter((row) => row.message.thread_id === message.id && !row.message.deleted);
    const last_reply_at = answers.at(-1)?.message.created_at;
    return {
      ...message,
      ...(byEmoji.length > 0 && { reactions: byEmoji }),
      ...(last_reply_at !== undefined && { replies: answers.length, last_reply_at }),
    };
  }

  #changeMember(head: { group_id: number; seq: number; user_id: number; username: string; created_at: string }, actors: number[]): void {
    // The user 1 is whose state is looked at.
    const id = actors[1 + this.#random.below(actors.length - 1)];
    const member = { id: id ?? 1, username: this.#name(id ?? 1) };
    const isErased = id !== undefined && actors.length > 3 && this.#random.below(8) === 0;
    if (isErased) {
      this.#erased.add(id);
      this.members.delete(id);
      member.username = this.#name(id);
      for (const { message } of this.#rows.values()) {
        if (message.user_id === id) message.username = member.username;
      }
      this.live.push({ type: "member", ...head, member, change: "erased" });
    } else {
      const role = this.#random.below(2) === 0 ? "admin" : "member";
      this.members.set(member.id, { ...member, role });
      this.live.push({ type: "member", ...head, member, change: "role", role });
    }
  }

  #name(id: number): string {
    return this.#erased.has(id) ? `deleted-${id}` : `u${id}`;
  }

  #mentions(): { mentions?: number[] } {
    return this.#random.below(3) === 0 ? { mentions: [1 + this.#random.below(this.#habits.users)] } : {};
  }
}
