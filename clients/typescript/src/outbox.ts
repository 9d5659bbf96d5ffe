import { deferred } from "./deferred.js";
import type { Deferred } from "./deferred.js";
import { ClientError } from "./error.js";
import type { Ack, GroupId } from "./frames.js";
import { RETRY_MS } from "./link.js";
import type { Link } from "./link.js";

/** Bounds of what may wait to be acknowledged. */
export interface OutboxOptions {
  /** Default 1,000. */
  messagesMax?: number;
  /** Bytes of content in UTF-8. Default 8 MiB. */
  bytesMax?: number;
}

interface Entry {
  groupId: GroupId;
  content: string;
  clientId: string;
  bytes: number;
  /** Whether it is on its way over the present connection. */
  isSent: boolean;
  ack: Deferred<Ack>;
}

const encoder = new TextEncoder();

/**
 * The messages that are not acknowledged yet, in the order in which they were sent. After a reconnect they are sent
 * again with the same `client_id`, which the server stores once.
 */
export class Outbox {
  readonly #link: Link;
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #entries = new Set<Entry>();
  #bytes = 0;
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

  /** Sends a message now or as soon as there is a connection. */
  send(groupId: GroupId, content: string, clientId: string): Promise<Ack> {
    const bytes = encoder.encode(content).length;
    if (this.#entries.size >= this.#messagesMax || this.#bytes + bytes > this.#bytesMax) {
      return Promise.reject(new ClientError("outbox_full", "too much waits to be acknowledged", { groupId, retry: true }));
    }
    const entry: Entry = { groupId, content, clientId, bytes, isSent: false, ack: deferred() };
    this.#entries.add(entry);
    this.#bytes += bytes;
    if (this.#hold === undefined) this.#transmit(entry);
    return entry.ack.promise;
  }

  /** There is a connection: sends all that waits. */
  connected(): void {
    this.#release();
  }

  /** Gives up all that waits. */
  fail(error: ClientError): void {
    clearTimeout(this.#hold);
    for (const entry of this.#entries) entry.ack.reject(error);
    this.#entries.clear();
    this.#bytes = 0;
  }

  #transmit(entry: Entry): void {
    const { groupId: group_id, content, clientId: client_id } = entry;
    // Before the request, which may fail at once.
    entry.isSent = true;
    entry.isSent = this.#link.request(
      { type: "send", group_id, content, client_id },
      {
        done: (ack) => {
          this.#remove(entry);
          entry.ack.resolve(ack);
        },
        failed: (error) => {
          entry.isSent = false;
          if (error.code === "disconnected") return;
          if (error.retry) {
            this.#pause(error.retryAfterMs ?? RETRY_MS);
          } else {
            this.#remove(entry);
            entry.ack.reject(error);
          }
        },
      },
    );
  }

  /** Sends nothing for a while: what comes later should not overtake what was refused. */
  #pause(ms: number): void {
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => this.#release(), ms);
  }

  #release(): void {
    clearTimeout(this.#hold);
    this.#hold = undefined;
    for (const entry of this.#entries) {
      if (!entry.isSent) this.#transmit(entry);
    }
  }

  #remove(entry: Entry): void {
    if (this.#entries.delete(entry)) this.#bytes -= entry.bytes;
  }
}
