import type { Message } from "./entries.js";
import type { OwnMark } from "./frames.js";

/** The bound of what is counted; a count that has reached it may be any number above it. */
export const COUNTED_MAX = 1_000;

/** How many messages behind a mark are not read. */
export interface Counts {
  unread: number;
  mentions: number;
}

const NOTHING: Readonly<Counts> = { unread: 0, mentions: 0 };

/** How many of these messages are behind a place, up to another one, and to be read by a user. */
export function count(messages: readonly { readonly message: Readonly<Message> }[], me: number, after: number, upTo = Infinity): Counts {
  const counts = { ...NOTHING };
  // The newest are the last ones.
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const { seq, user_id, deleted, mentions } = messages[index]!.message;
    if (seq <= after) break;
    if (seq > upTo || user_id === me || deleted) continue;
    counts.unread += 1;
    if (mentions?.includes(me)) counts.mentions += 1;
  }
  return counts;
}

/**
 * How far a user has read a group. Messages that are known are counted when that is asked for; here stands how many there are besides:
 * behind the mark, but before those that are known.
 */
export class Unread {
  #mark: number | undefined;
  /** `undefined` before the server has told; infinite where it has counted up to its bound. */
  #hidden: Counts | undefined;
  #isVague = true;

  /** The mark's place, if it is known. */
  get mark(): number | undefined {
    return this.#mark;
  }

  /** Whether only the server can tell how many there are. */
  get isVague(): boolean {
    return this.#isVague;
  }

  /** Whether some are not among those that are known. */
  get isPartial(): boolean {
    return this.#hidden?.unread !== 0;
  }

  /** Something has happened to a message that may be counted, and is not known. */
  blur(): void {
    this.#isVague = true;
  }

  /** Moves the mark forward. All messages from `from` on are known. */
  move(seq: number, from: number): void {
    if (this.#mark !== undefined && seq <= this.#mark) return;
    this.#mark = seq;
    if (this.#hidden?.unread !== 0) this.#isVague = true;
    this.known(from);
  }

  /** The server has told: so many are behind the place `seq`, of which `shown` are known from `from` on. */
  told(seq: number, told: Counts, shown: Counts, from: number): void {
    this.#hidden = { unread: rest(told.unread, shown.unread), mentions: rest(told.mentions, shown.mentions) };
    this.#isVague = this.#mark !== undefined && this.#mark > seq && this.#hidden.unread > 0;
    this.#mark = Math.max(this.#mark ?? 0, seq);
    this.known(from);
  }

  /** All messages from `from` on are known. If that is not enough, these were not before, and may be as they are later. */
  known(from: number, added?: Counts): void {
    if (this.#mark === undefined) return;
    if (from <= this.#mark + 1) {
      this.#hidden = { ...NOTHING };
      this.#isVague = false;
    } else if (added !== undefined && this.#hidden !== undefined && this.#hidden.unread > 0) {
      this.#hidden = { unread: this.#hidden.unread - added.unread, mentions: this.#hidden.mentions - added.mentions };
      this.#isVague = true;
    }
  }

  /** These are not known any more. */
  forgotten(counts: Counts): void {
    if (this.#hidden === undefined) return;
    this.#hidden = { unread: this.#hidden.unread + counts.unread, mentions: this.#hidden.mentions + counts.mentions };
  }

  /** What there is, with those that are known; `undefined` before the server has told. */
  total(shown: Counts): OwnMark | undefined {
    if (this.#mark === undefined || this.#hidden === undefined) return undefined;
    const unread = bounded(this.#hidden.unread + shown.unread);
    const mentions = bounded(this.#hidden.mentions + shown.mentions);
    return { seq: this.#mark, unread, mentions, capped: unread === COUNTED_MAX || mentions === COUNTED_MAX };
  }
}

function rest(told: number, shown: number): number {
  return told >= COUNTED_MAX ? Infinity : Math.max(0, told - shown);
}

function bounded(count: number): number {
  return Math.min(Math.max(count, 0), COUNTED_MAX);
}
