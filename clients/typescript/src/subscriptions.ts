import { deferred } from "./deferred.js";
import type { Deferred } from "./deferred.js";
import { Emitter } from "./emitter.js";
import { isKnown } from "./entries.js";
import type { EphemeralMessage, GroupId, LogEntry } from "./entries.js";
import type { ClientError } from "./error.js";
import type { ReadingEvents } from "./events.js";
import type { RemovalReason } from "./frames.js";
import type { Link } from "./link.js";
import { Reader } from "./reader.js";
import type { GroupRef, Position, Reset } from "./reader.js";
import { Subscription } from "./subscription.js";
import type { SubscriptionEvents, SubscriptionHost } from "./subscription.js";

/** Who is told what is read in any group. */
export interface SubscriptionsHandler {
  read<Name extends keyof ReadingEvents>(name: Name, event: ReadingEvents[Name]): void;
  reset(reset: Reset): void;
  /** A group that was read before can not be read any more. */
  failed(error: ClientError): void;
}

interface Entry {
  /** As it was asked for. */
  ref: GroupRef;
  reader: Reader;
  subscription: Deferred<Subscription>;
  events: Emitter<SubscriptionEvents>;
  /** Set by the first answer. */
  groupId: GroupId | undefined;
}

/** The groups that a client reads. */
export class Subscriptions {
  readonly #link: Link;
  readonly #host: SubscriptionHost;
  readonly #handler: SubscriptionsHandler;
  readonly #entries = new Set<Entry>();
  readonly #byId = new Map<GroupId, Entry>();

  constructor(link: Link, host: SubscriptionHost, handler: SubscriptionsHandler) {
    this.#link = link;
    this.#host = host;
    this.#handler = handler;
  }

  /** Reads a group from now on, or from behind a position. One that is read already is not read twice. */
  open(ref: GroupRef, position: Position | undefined): Promise<Subscription> {
    for (const entry of this.#entries) {
      if (entry.ref === ref || entry.groupId === ref) return entry.subscription.promise;
    }
    const reader = new Reader(ref, position, this.#link, {
      subscribed: (frame) => {
        const { group } = frame;
        if (entry.groupId !== undefined) {
          entry.events.emit("subscribed", frame);
          return;
        }
        const other = this.#byId.get(group.id);
        if (other) {
          // Asked for both by name and by number.
          this.#remove(entry);
          entry.subscription.resolve(other.subscription.promise);
          return;
        }
        entry.groupId = group.id;
        this.#byId.set(group.id, entry);
        const place = (): Position => reader.position ?? { epoch: "", seq: 0 };
        const end = (): Promise<void> => this.#close(entry);
        entry.subscription.resolve(new Subscription(frame, this.#host, entry.events, place, end));
      },
      entry: (read) => {
        this.#tell(entry, "entry", read);
        if (isKnown(read)) this.#tell(entry, read.type, read);
      },
      reset: (reset) => {
        entry.events.emit("reset", reset);
        this.#handler.reset(reset);
      },
      failed: (error) => {
        this.#remove(entry);
        if (entry.groupId === undefined) {
          entry.subscription.reject(error);
        } else {
          this.#handler.failed(error);
        }
      },
    });
    const entry: Entry = { ref, reader, subscription: deferred(), events: new Emitter(), groupId: undefined };
    this.#entries.add(entry);
    reader.connected();
    return entry.subscription.promise;
  }

  /** Hands an entry of a log to the reader of its group. */
  take(entry: LogEntry): void {
    this.#byId.get(entry.group_id)?.reader.take(entry);
  }

  /** Tells of a message that has no place in a log. */
  takeEphemeral(message: EphemeralMessage): void {
    const entry = this.#byId.get(message.group_id);
    entry?.reader.inTurn(() => this.#tell(entry, "message", message));
  }

  /** Does what follows from a frame about a group behind what follows from the frames before it. */
  inTurn(groupId: GroupId, work: () => void): void {
    const entry = this.#byId.get(groupId);
    if (entry === undefined) {
      work();
    } else {
      entry.reader.inTurn(work);
    }
  }

  /** The user was removed from a group: it is read no more, on later connections either. */
  removed(groupId: GroupId, reason: RemovalReason): void {
    const entry = this.#byId.get(groupId);
    if (entry === undefined) return;
    this.#remove(entry);
    entry.events.emit("removed", { reason });
  }

  /** There is a connection: all groups go on. */
  connected(): void {
    for (const { reader } of this.#entries) reader.connected();
  }

  /** Ends them all. */
  fail(error: ClientError): void {
    for (const entry of this.#entries) {
      this.#remove(entry);
      // Does nothing to those that were answered.
      entry.subscription.reject(error);
    }
  }

  #tell<Name extends keyof ReadingEvents>(entry: Entry, name: Name, event: ReadingEvents[Name]): void {
    entry.events.emit(name, event as SubscriptionEvents[Name]);
    this.#handler.read(name, event);
  }

  #close(entry: Entry): Promise<void> {
    const { groupId: group_id } = entry;
    if (!this.#entries.has(entry) || group_id === undefined) return Promise.resolve();
    this.#remove(entry);
    return new Promise((resolve) => {
      // Whatever the answer, the group is not read any more; and a new connection begins without it.
      const reply = { done: () => resolve(), failed: () => resolve() };
      if (!this.#link.request({ type: "unsubscribe", group_id }, reply)) resolve();
    });
  }

  #remove(entry: Entry): void {
    entry.reader.stop();
    this.#entries.delete(entry);
    if (entry.groupId !== undefined) this.#byId.delete(entry.groupId);
  }
}
