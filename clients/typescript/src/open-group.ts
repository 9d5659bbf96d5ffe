import type { Api } from "./api.js";
import { Backoff } from "./backoff.js";
import type { GroupId } from "./entries.js";
import { ClientError } from "./error.js";
import type { ClientEvents } from "./events.js";
import { GroupState } from "./group-state.js";
import type { GroupStateOptions } from "./group-state.js";
import type { ReadAnswer } from "./frames.js";
import { RETRY_MS } from "./link.js";
import type { Position } from "./reader.js";
import type { Subscription } from "./subscription.js";

/** Messages of a page, if nobody asks for another number. */
const PAGE = 100;

/** How long vague reactions wait for others to become so too, up to this after each other, in milliseconds. */
const VAGUE_MS = { firstMs: 200, maxMs: 30_000 };

/** How a group is opened. */
export interface OpenOptions extends Omit<GroupStateOptions, "me" | "seq"> {
  /** Where an earlier program stopped. What came since is read in full, however much it is. By default the end of the log. */
  position?: Position;
  /** How many messages before that are listed. Default 100; 0 for none, until `older`. */
  page?: number;
}

/** What an open group asks of its client. */
export interface OpenGroupHost {
  readonly api: Pick<Api, "message" | "members">;
  markRead(groupId: GroupId, seq: number): Promise<ReadAnswer>;
  on<Name extends "read" | "joined">(name: Name, listener: (event: ClientEvents[Name]) => void): () => void;
  /** Settles when there is a connection, at once if there is one; rejects if there will be none. */
  connection(): Promise<void>;
  /** It is not read any more. */
  closed(): void;
}

/** A group that is read, with a state that is kept right. */
export class OpenGroup {
  /** What is to be shown. */
  readonly state: GroupState;
  /** Sends, edits, deletes and reacts. */
  readonly subscription: Subscription;
  readonly #host: OpenGroupHost;
  readonly #ends: (() => void)[] = [];
  readonly #backoff = new Backoff(VAGUE_MS, () => 1);
  /** Messages that are vague and can not be listed. */
  readonly #lost = new Set<number>();
  #isListed = false;
  #keepsMembers = false;
  #older: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Made by `Client.open`. */
  constructor(subscription: Subscription, me: number, options: OpenOptions, host: OpenGroupHost) {
    this.subscription = subscription;
    this.#host = host;
    this.state = new GroupState({ ...options, me, seq: subscription.position.seq });
    this.state.named(subscription.group);
    this.state.dropBefore(subscription.firstSeq);
    this.#ends.push(
      subscription.on("entry", (entry) => this.state.apply(entry)),
      subscription.on("subscribed", ({ first_seq = 1 }) => this.state.dropBefore(first_seq)),
      subscription.on("reset", ({ position, ...page }) => this.state.reset(position.seq, page)),
      subscription.on("removed", () => this.stop()),
      host.on("read", (mark) => {
        if (mark.group_id === subscription.group.id) this.state.read(mark);
      }),
      host.on("joined", ({ group_id, user_id: id, username }) => {
        if (group_id === subscription.group.id) this.state.seen({ id, username });
      }),
      this.state.subscribe(() => this.#clarify()),
    );
  }

  /** Whether it is not read any more, by `close` or because the user was removed. The state stays as it was. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Lists the first page, unless one was listed; called by the client. */
  async listed(page = PAGE): Promise<this> {
    if (page > 0 && !this.#isListed) await this.older(page);
    return this;
  }

  /** Lists messages before those that are known, and waits for a connection if need be. Nothing happens if there are none. */
  older(limit = PAGE): Promise<void> {
    this.#older ??= this.#page(limit).finally(() => {
      this.#older = undefined;
    });
    return this.#older;
  }

  /** Lists the members, and keeps the list right from then on. */
  async members(): Promise<void> {
    this.#keepsMembers = true;
    const reading = this.state.begin();
    try {
      reading.members(await this.#host.api.members(this.subscription.group.id));
    } finally {
      reading.cancel();
    }
  }

  /** Moves the user's mark forward, to the newest entry that was read if there is no place. Settles when it is stored. */
  markRead(seq: number = this.state.seq): Promise<ReadAnswer> {
    return this.#host.markRead(this.subscription.group.id, seq);
  }

  /** Reads the group no more. The user stays a member. */
  async close(): Promise<void> {
    this.stop();
    await this.subscription.unsubscribe();
  }

  /** Nothing is read any more; called by the client. */
  stop(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const end of this.#ends.splice(0)) end();
    this.#host.closed();
  }

  async #page(limit: number): Promise<void> {
    const { state, subscription } = this;
    while (state.hasOlder && !this.#isClosed) {
      const reading = state.begin();
      try {
        reading.older(await subscription.history({ before: state.from, limit }));
        this.#isListed = true;
        return;
      } catch (error) {
        if (!(error instanceof ClientError && error.retry)) throw error;
        await new Promise((resolve) => setTimeout(resolve, error.retryAfterMs ?? (error.code === "disconnected" ? 0 : RETRY_MS)));
      } finally {
        reading.cancel();
      }
      await this.#host.connection();
    }
  }

  /** Asks the server, soon, for what only it can tell. */
  #clarify(): void {
    const vague = this.state.vague.filter((id) => !this.#lost.has(id));
    const isUnlisted = this.#keepsMembers && this.state.members === undefined;
    const isVague = vague.length > 0 || isUnlisted;
    if (!isVague) this.#backoff.reset();
    if (!isVague || this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      // What fails is asked for again.
      const members = isUnlisted ? this.members().catch(() => undefined) : undefined;
      void Promise.all([members, this.#list(vague)]).then(() => {
        this.#timer = undefined;
        this.#clarify();
      });
    }, this.#backoff.next());
  }

  async #list(vague: number[]): Promise<void> {
    for (const id of vague) {
      if (this.#isClosed) return;
      const reading = this.state.begin();
      try {
        reading.anew([await this.#host.api.message(id)]);
      } catch (error) {
        // Whatever else it is, the next attempt may do.
        if (error instanceof ClientError && !error.retry) this.#lost.add(id);
      } finally {
        reading.cancel();
      }
    }
  }
}
