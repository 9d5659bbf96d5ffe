import type { GroupId, LogEntry, Message } from "./entries.js";
import type { ClientError } from "./error.js";
import type { Subscribed } from "./frames.js";
import { RETRY_MS } from "./link.js";
import type { Link } from "./link.js";

/** How far a group was read. Kept somewhere, it lets a later program go on where this one stopped. */
export interface Position {
  /** Identifies the stored history; with another one, `seq` means nothing. If it is empty, whatever history there is counts. */
  epoch: string;
  /** The place of the last entry of its log that was read. */
  seq: number;
}

/** The server has lost stored messages: what was read before may not exist any more. */
export interface Reset {
  group_id: GroupId;
  position: Position;
  /** The newest messages that are stored, at most 100. They are not emitted as `message`. */
  messages: Message[];
  /** Whether there are more before them. */
  more: boolean;
}

/** Who is told what is read. */
export interface ReaderHandler {
  /** The server has answered `subscribe`. */
  subscribed(frame: Subscribed): void;
  /** An entry of the log that was not read before; they come in the order of `seq` and without gaps. */
  entry(entry: LogEntry): void;
  reset(reset: Reset): void;
  /** The group can not be read any more. */
  failed(error: ClientError): void;
}

/** A group by its number or its name. */
export type GroupRef = GroupId | string;

/** Reads the log of one group over any number of connections, each entry exactly once. */
export class Reader {
  readonly #link: Link;
  readonly #handler: ReaderHandler;
  #group: GroupRef;
  #position: Position | undefined;
  /** Between a request that changes where the server goes on and its answer; what comes then is of no use. */
  #isAsking = false;
  #isStopped = false;
  #isAnswered = false;
  /** What follows from what came so soon after the first answer that who waited for it may not listen yet. */
  #early: (() => void)[] | undefined;
  #listening: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(group: GroupRef, position: Position | undefined, link: Link, handler: ReaderHandler) {
    this.#group = group;
    this.#position = position && { ...position };
    this.#link = link;
    this.#handler = handler;
  }

  /** How far the group was read; `undefined` before the first answer. */
  get position(): Position | undefined {
    return this.#position && { ...this.#position };
  }

  /** There is a connection: subscribes from where it stopped. */
  connected(): void {
    this.#clear();
    this.#subscribe();
  }

  /** Reads no further, and tells nothing any more. */
  stop(): void {
    this.#clear();
    this.#isStopped = true;
  }

  /** Takes an entry of the group's log. */
  take(entry: LogEntry): void {
    this.inTurn(() => this.#take(entry));
  }

  /** Does what follows from a frame about the group behind what follows from those before it. */
  inTurn(work: () => void): void {
    if (this.#early === undefined) {
      work();
    } else {
      this.#early.push(work);
    }
  }

  #take(entry: LogEntry): void {
    if (this.#isStopped || this.#isAsking || this.#position === undefined || entry.seq <= this.#position.seq) return;
    if (entry.seq > this.#position.seq + 1) {
      this.#subscribe();
      return;
    }
    // Before the handler, which may fail, or ask for the position.
    this.#position.seq = entry.seq;
    this.#handler.entry(entry);
  }

  #clear(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#listening);
    // As if the connection had been lost before it came.
    this.#early = undefined;
  }

  /** Some sockets tell of frames that came together without giving what they settle a turn between them; a timer gives it. */
  #awaitListeners(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#early = [];
    this.#listening = setTimeout(() => {
      const early = this.#early ?? [];
      this.#early = undefined;
      for (const work of early) {
        // The work before it may have ended the reading.
        if (!this.#isStopped) work();
      }
    }, 0);
  }

  #subscribe(): void {
    const group = typeof this.#group === "number" ? { group_id: this.#group } : { group: this.#group };
    const after = this.#position && { after: this.#position.seq };
    this.#isAsking = true;
    const isMade = this.#link.request(
      { type: "subscribe", ...group, ...after },
      { done: (frame) => this.#subscribed(frame), failed: (error) => this.#failed(error, () => this.#subscribe()) },
    );
    if (!isMade) this.#isAsking = false;
  }

  #subscribed(frame: Subscribed): void {
    if (this.#isStopped) return;
    this.#group = frame.group.id;
    this.#isAsking = false;
    this.#position ??= { epoch: frame.epoch, seq: frame.head_seq };
    if (this.#position.epoch === "") this.#position.epoch = frame.epoch;
    const isReset = this.#position.epoch !== frame.epoch;
    // What is not kept any more is no hole.
    if (!isReset) this.#position.seq = Math.max(this.#position.seq, (frame.first_seq ?? 1) - 1);
    this.#awaitListeners();
    this.#handler.subscribed(frame);
    if (isReset && !this.#isStopped) this.#reset(frame.group.id, frame.epoch);
  }

  /** Starts anew from what is stored. The old position stays until then, so that after a lost connection all this is repeated. */
  #reset(group_id: GroupId, epoch: string): void {
    this.#isAsking = true;
    const isMade = this.#link.request(
      { type: "history", group_id },
      {
        done: ({ messages, more }) => {
          if (this.#isStopped) return;
          const position = { epoch, seq: messages.at(-1)?.seq ?? 0 };
          this.#position = position;
          this.#handler.reset({ group_id, position: { ...position }, messages, more });
          if (!this.#isStopped) this.#subscribe();
        },
        failed: (error) => this.#failed(error, () => this.#reset(group_id, epoch)),
      },
    );
    if (!isMade) this.#isAsking = false;
  }

  #failed(error: ClientError, again: () => void): void {
    this.#isAsking = false;
    if (this.#isStopped || error.code === "disconnected" || error.code === "closed") return;
    if (error.retry) {
      this.#isAsking = true;
      this.#retry = setTimeout(again, error.retryAfterMs ?? RETRY_MS);
    } else {
      this.#handler.failed(error);
    }
  }
}
