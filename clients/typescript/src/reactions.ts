import type { Reaction, ReactionCount } from "./entries.js";

/** How many users a list names for one emoji. */
const NAMED_MAX = 10;

/** An emoji on a message. */
export interface ReactionState {
  readonly emoji: string;
  readonly count: number;
  /** The first of the users, at most 10, in the order in which they reacted. */
  readonly user_ids: readonly number[];
  /** Whether the user is one of them; `undefined` if there are more than a list names, and nothing else says. */
  readonly mine: boolean | undefined;
}

/** Who reacted with one emoji. */
interface Emoji {
  /** The users that are known, and the places of the entries that say so; 0 for those that were listed. */
  users: Map<number, number>;
  /** Users that were counted in a list, but not named. */
  unnamed: number;
}

/**
 * The reactions to one message: as they were listed, and then changed by the entries of the log behind what the list was sure to have.
 * A list may have some of these entries already. As long as it names everybody, taking them again changes nothing.
 */
export class Reactions {
  readonly #byEmoji = new Map<string, Emoji>();
  /** What the log said last of the user's own. */
  readonly #own: Map<string, boolean>;
  #isVague = false;

  /** Begins with a list, and with what is known of the user's own reactions from before it. */
  constructor(listed: readonly ReactionCount[] = [], before?: Reactions) {
    this.#own = new Map(before ? before.#own : []);
    for (const { emoji, count, user_ids } of listed) {
      const users = new Map(user_ids.map((id) => [id, 0]));
      this.#byEmoji.set(emoji, { users, unnamed: Math.max(0, count - users.size) });
    }
  }

  /** Whether only another list can tell how many there are, or in which order. */
  get isVague(): boolean {
    return this.#isVague;
  }

  /** Takes an entry, in the order of the log. */
  apply({ emoji, user_id, on, seq }: Pick<Reaction, "emoji" | "user_id" | "on" | "seq">, me: number): void {
    if (user_id === me) this.#own.set(emoji, on);
    const known = this.#byEmoji.get(emoji);
    if (on) {
      const { users, unnamed } = known ?? { users: new Map<number, number>(), unnamed: 0 };
      // They may have been counted.
      if (unnamed > 0 && !users.has(user_id)) this.#isVague = true;
      users.set(user_id, seq);
      if (known === undefined) this.#byEmoji.set(emoji, { users, unnamed });
    } else if (known !== undefined) {
      this.#remove(emoji, known, user_id);
    }
  }

  /** Them all, in the order in which they came. */
  view(me: number): ReactionState[] {
    const ordered = [...this.#byEmoji].map(([emoji, { users, unnamed }]) => {
      // Those of whom no entry was read were there before those of whom one was.
      const sorted = [...users].sort(([, one], [, other]) => one - other);
      const [, first = 0] = sorted[0] ?? [];
      const mine = users.has(me) || (unnamed === 0 ? false : this.#own.get(emoji));
      const user_ids = sorted.slice(0, NAMED_MAX).map(([id]) => id);
      return { first, state: { emoji, count: users.size + unnamed, user_ids, mine } };
    });
    return ordered.sort((one, other) => one.first - other.first).map(({ state }) => state);
  }

  #remove(emoji: string, known: Emoji, userId: number): void {
    const { users, unnamed } = known;
    const [first] = users.keys();
    const wasListed = users.get(userId) === 0;
    if (users.delete(userId)) {
      // Somebody else is among the first ten now; or another emoji may be the first.
      const isSecondListed = [...users.values()].includes(0);
      if (unnamed > 0 || (wasListed && first === userId && isSecondListed && this.#byEmoji.size > 1)) this.#isVague = true;
    } else if (unnamed > 0) {
      known.unnamed -= 1;
      this.#isVague = true;
    }
    if (known.users.size + known.unnamed === 0) this.#byEmoji.delete(emoji);
  }
}
