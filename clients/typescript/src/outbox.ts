import { deferred } from "./deferred.js";
import type { Deferred } from "./deferred.js";
import type { GroupId } from "./entries.js";
import { ClientError } from "./error.js";
import type { Ack, Request } from "./frames.js";
import { RETRY_MS } from "./link.js";
import type { Link } from "./link.js";

/** Bounds of what may wait to be acknowledged. */
export interface OutboxOptions {
  /** Messages and changes to messages. Default 1,000. */
  messagesMax?: number;
  /** Bytes of their content in UTF-8. Default 8 MiB. */
  bytesMax?: number;
}

/**
 * Messages on their way at a time. A server that limits the rate closes a connection on which it has refused a hundred
 * in a row.
 */
const WINDOW_MAX = 64;

/** What can be sent again without being done twice: by its `client_id`, or because doing it again changes nothing. */
export type Repeatable = Request & { group_id: GroupId } & (
    | { type: "send" | "edit"; client_id: string }
    | { type: "delete" | "react" }
  );

interface Entry {
  request: Repeatable;
  /** The message that it changes. */
  target: number | undefined;
  bytes: number;
  /** Whether it is on its way over the present connection. */
  isSent: boolean;
  ack: Deferred<Ack>;
}

const encoder = new TextEncoder();

/**
 * The messages and changes that are not acknowledged yet, in the order in which they were sent. After a reconnect they
 * are sent again as they were, which the server stores once. Changes to one message wait for each other: the last one
 * shall count, even if the one before was refused for a while.
 */
export class Outbox {
  readonly #link: Link;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #entries = new Set<Entry>();
  #bytes = 0;
  /** Messages on their way. */
  #underWay = 0;
  /** Messages that may be on their way: one after a refusal, twice as many with each acknowledgement. */
  #window = WINDOW_MAX;
  #isFilling = false;
  #hold: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OutboxOptions, link: Link) {
    this.#link = link;
    this.#messagesMax = options.messagesMax ?? 1_000;
    this.#bytesMax = options.bytesMax ?? 8 * 1024 * 1024;
  }

  /** Messages that wait. */
  get size(): number {
    return this.#entries.size;
  }

  /** Sends a message or a change now or as soon as there is a connection. */
  send(request: Repeatable): Promise<Ack> {
    const groupId = request.group_id;
    const text = "content" in request ? request.content : "emoji" in request ? request.emoji : "";
    const bytes = encoder.encode(text).length;
    if (this.#entries.size >= this.#messagesMax || this.#bytes + bytes > this.#bytesMax) {
      return Promise.reject(new ClientError("outbox_full", "too much waits to be acknowledged", { groupId, retry: true }));
    }
    const target = "message_id" in request ? request.message_id : undefined;
    const entry: Entry = { request, target, bytes, isSent: false, ack: deferred() };
    this.#entries.add(entry);
    this.#bytes += bytes;
    this.#fill();
    return entry.ack.promise;
  }

  /** There is a connection: sends all that waits. */
  connected(): void {
    this.#release();
  }

  /** Gives up what waits for a group and is not on its way; the rest is answered by the server. */
  removed(groupId: GroupId, error: ClientError): void {
    for (const entry of this.#entries) {
      if (entry.request.group_id !== groupId || entry.isSent) continue;
      this.#remove(entry);
      entry.ack.reject(error);
    }
  }

  /** Gives up all that waits. */
  fail(error: ClientError): void {
    clearTimeout(this.#hold);
    for (const entry of this.#entries) entry.ack.reject(error);
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** Sends what waits, as far as the window lets it. */
  #fill(): void {
    // A message that fails at once calls this again; the loop goes on behind it by itself.
    if (this.#hold !== undefined || this.#isFilling) return;
    this.#isFilling = true;
    const targets = new Set<number>();
    for (const entry of this.#entries) {
      if (this.#underWay >= this.#window) break;
      const { target } = entry;
      if (target !== undefined && targets.has(target)) continue;
      if (!entry.isSent && !this.#transmit(entry)) break;
      // One that has failed at once holds up nothing.
      if (target !== undefined && this.#entries.has(entry)) targets.add(target);
    }
    this.#isFilling = false;
  }

  /** Whether there is a connection to send it over. */
  #transmit(entry: Entry): boolean {
    // Before the request, which may fail at once.
    entry.isSent = true;
    this.#underWay += 1;
    const settle = (): void => {
      entry.isSent = false;
      this.#underWay -= 1;
    };
    const isConnected = this.#link.request(
      entry.request,
      {
        done: (ack) => {
          settle();
          this.#remove(entry);
          entry.ack.resolve(ack);
          // One that was sent before a refusal says nothing about what may be sent after it.
          if (this.#hold === undefined) this.#window = Math.min(this.#window * 2, WINDOW_MAX);
          this.#fill();
        },
        failed: (error) => {
          settle();
          if (error.code === "disconnected") return;
          if (error.retry) {
            this.#pause(error.retryAfterMs ?? RETRY_MS);
          } else {
            this.#remove(entry);
            entry.ack.reject(error);
            this.#fill();
          }
        },
      },
    );
    if (!isConnected) settle();
    return isConnected;
  }

  /** Sends nothing for a while, then one: what comes later should not overtake what was refused. */
  #pause(ms: number): void {
    clearTimeout(this.#hold);
    this.#window = 1;
    this.#hold = setTimeout(() => this.#release(), ms);
  }

  #release(): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#fill();
  }

  #remove(entry: Entry): void {
    if (this.#entries.delete(entry)) this.#bytes -= entry.bytes;
  }
}
