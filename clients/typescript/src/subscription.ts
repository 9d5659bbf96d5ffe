import type { EditOptions, SendOptions } from "./client.js";
import type { Emitter } from "./emitter.js";
import type { ReadingEvents } from "./events.js";
import type { Ack, Group, History, HistoryQuery, Presence, ReadAnswer, RemovalReason, Subscribed } from "./frames.js";
import type { Position, Reset } from "./reader.js";

/** What a subscription asks of its client. */
export interface SubscriptionHost {
  send(groupId: number, content: string, options?: SendOptions): Promise<Ack>;
  edit(groupId: number, messageId: number, content: string, options?: EditOptions): Promise<Ack>;
  deleteMessage(groupId: number, messageId: number): Promise<Ack>;
  react(groupId: number, messageId: number, emoji: string, on: boolean): Promise<Ack>;
  markRead(groupId: number, seq: number): Promise<ReadAnswer>;
  typing(groupId: number, on: boolean): void;
  history(groupId: number, query?: HistoryQuery): Promise<History>;
  presence(groupId: number): Promise<Presence>;
}

/** What a subscription tells, by name. */
export interface SubscriptionEvents extends ReadingEvents {
  /** The server has answered a question for the group, the first one aside: after a reconnect, or to fill a hole. */
  subscribed: Subscribed;
  /** The server has lost stored messages; replace what is shown by these. */
  reset: Reset;
  /** The user is no longer a member of the group, or the group is gone. It is read no more. */
  removed: { reason: RemovalReason };
}

/** A group that is being read, over all reconnects, until `unsubscribe` or the user is removed from it. */
export class Subscription {
  readonly group: Readonly<Group>;
  readonly #host: SubscriptionHost;
  readonly #events: Emitter<SubscriptionEvents>;
  readonly #position: () => Position;
  readonly #end: () => Promise<void>;
  /** The place of the oldest entry that the server kept when it was first asked. */
  readonly firstSeq: number;

  /** Made by `Client.subscribe`. */
  constructor(
    { group, first_seq = 1 }: Subscribed,
    host: SubscriptionHost,
    events: Emitter<SubscriptionEvents>,
    position: () => Position,
    end: () => Promise<void>,
  ) {
    this.group = group;
    this.firstSeq = first_seq;
    this.#host = host;
    this.#events = events;
    this.#position = position;
    this.#end = end;
  }

  /** Adds a listener. Returns a function that removes it. */
  on<Name extends keyof SubscriptionEvents>(name: Name, listener: (event: SubscriptionEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** How far the group was read. */
  get position(): Position {
    return this.#position();
  }

  /** Sends a message to the group; see `Client.send`. */
  send(content: string, options?: SendOptions): Promise<Ack> {
    return this.#host.send(this.group.id, content, options);
  }

  /** Gives a message of the user's another content; see `Client.edit`. */
  edit(messageId: number, content: string, options?: EditOptions): Promise<Ack> {
    return this.#host.edit(this.group.id, messageId, content, options);
  }

  /** Takes a message's content away; see `Client.deleteMessage`. */
  deleteMessage(messageId: number): Promise<Ack> {
    return this.#host.deleteMessage(this.group.id, messageId);
  }

  /** Adds a reaction to a message, or takes it back; see `Client.react`. */
  react(messageId: number, emoji: string, on: boolean): Promise<Ack> {
    return this.#host.react(this.group.id, messageId, emoji, on);
  }

  /** Moves the user's mark forward; see `Client.markRead`. */
  markRead(seq: number = this.position.seq): Promise<ReadAnswer> {
    return this.#host.markRead(this.group.id, seq);
  }

  /** Tells the others whether the user types; see `Client.typing`. */
  typing(on: boolean): void {
    this.#host.typing(this.group.id, on);
  }

  /** Asks for a page of messages; see `Client.history`. */
  history(query?: HistoryQuery): Promise<History> {
    return this.#host.history(this.group.id, query);
  }

  /** Asks who is online; see `Client.presence`. */
  presence(): Promise<Presence> {
    return this.#host.presence(this.group.id);
  }

  /** Reads the group no more. The user stays a member. */
  unsubscribe(): Promise<void> {
    return this.#end();
  }
}
