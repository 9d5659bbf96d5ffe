import { deferred } from "./deferred.js";
import type { Deferred } from "./deferred.js";
import type { GroupId } from "./entries.js";
import type { ClientError } from "./error.js";
import type { ReadAnswer } from "./frames.js";
import { RETRY_MS } from "./link.js";
import type { Link } from "./link.js";

/** A mark that is to be moved. */
interface Move {
  /** How far. */
  seq: number;
  answer: Deferred<ReadAnswer>;
  isSent: boolean;
}

/**
 * Moves the user's marks. For each group one request is on its way at a time, and what comes meanwhile is one more; after a reconnect they
 * are made again. So there are never more than two for a group, however often a page says what is seen.
 */
export class Marker {
  readonly #link: Link;
  readonly #moved: (answer: ReadAnswer) => void;
  /** The one that is on its way or to be made next, and the one behind it. */
  readonly #moves = new Map<GroupId, Move[]>();
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(link: Link, moved: (answer: ReadAnswer) => void) {
    this.#link = link;
    this.#moved = moved;
  }

  /** Moves the mark of a group forward, now or as soon as there is a connection. */
  move(groupId: GroupId, seq: number): Promise<ReadAnswer> {
    const moves = this.#moves.get(groupId) ?? [];
    this.#moves.set(groupId, moves);
    let move = moves.at(-1);
    if (move === undefined || move.isSent) {
      move = { seq, answer: deferred(), isSent: false };
      moves.push(move);
    }
    move.seq = Math.max(move.seq, seq);
    this.#send(groupId);
    return move.answer.promise;
  }

  /** There is a connection: makes what waits. */
  connected(): void {
    clearTimeout(this.#retry);
    for (const groupId of this.#moves.keys()) this.#send(groupId);
  }

  /** Gives up what waits for a group. */
  removed(groupId: GroupId, error: ClientError): void {
    for (const { answer } of this.#moves.get(groupId) ?? []) answer.reject(error);
    this.#moves.delete(groupId);
  }

  /** Gives up all that waits. */
  fail(error: ClientError): void {
    clearTimeout(this.#retry);
    for (const groupId of this.#moves.keys()) this.removed(groupId, error);
  }

  #send(group_id: GroupId): void {
    const moves = this.#moves.get(group_id);
    const move = moves?.[0];
    if (moves === undefined || move === undefined || move.isSent) return;
    // Before the request, which may fail at once.
    move.isSent = true;
    const over = (): void => {
      moves.shift();
      if (moves.length === 0 && this.#moves.get(group_id) === moves) this.#moves.delete(group_id);
      this.#send(group_id);
    };
    const isMade = this.#link.request(
      { type: "read", group_id, seq: move.seq },
      {
        done: (answer) => {
          this.#moved(answer);
          move.answer.resolve(answer);
          over();
        },
        failed: (error) => {
          move.isSent = false;
          if (error.code === "disconnected" || error.code === "closed") return;
          if (error.retry) {
            clearTimeout(this.#retry);
            this.#retry = setTimeout(() => this.connected(), error.retryAfterMs ?? RETRY_MS);
          } else {
            move.answer.reject(error);
            over();
          }
        },
      },
    );
    if (!isMade) move.isSent = false;
  }
}
