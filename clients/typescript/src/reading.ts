import type { Member, OwnGroup } from "./api-types.js";
import type { LogEntry, Message } from "./entries.js";
import type { History } from "./frames.js";

/** Who takes what was listed, and then, in their order, the entries that came since the question. */
export interface ReadingHandler {
  older(page: Pick<History, "messages" | "more">, noted: readonly LogEntry[]): void;
  anew(messages: readonly Message[], noted: readonly LogEntry[]): void;
  own(own: OwnGroup, noted: readonly LogEntry[]): void;
  members(members: readonly Member[], noted: readonly LogEntry[]): void;
}

/**
 * A question to the server that is under way. The answer has all that a state had when it was asked; what has come since may be in it or
 * not, and is taken once more on top of it. Exactly one of the methods is to be called: until then the state drops nothing.
 */
export class Reading {
  readonly #handler: ReadingHandler;
  readonly #end: () => void;
  readonly #noted: LogEntry[] = [];
  #isOver = false;

  /** Made by `GroupState.begin`. */
  constructor(handler: ReadingHandler, end: () => void) {
    this.#handler = handler;
    this.#end = end;
  }

  /** An entry comes meanwhile; called by the state. */
  note(entry: LogEntry): void {
    this.#noted.push(entry);
  }

  /** The page before `GroupState.from`, or the newest one: an answer to `history`. */
  older(page: Pick<History, "messages" | "more">): void {
    if (this.#over()) this.#handler.older(page, this.#noted);
  }

  /** Messages that were known, as they are now. */
  anew(messages: readonly Message[]): void {
    if (this.#over()) this.#handler.anew(messages, this.#noted);
  }

  /** What the list of one's own groups says of the group. */
  own(own: OwnGroup): void {
    if (this.#over()) this.#handler.own(own, this.#noted);
  }

  /** All members of the group. */
  members(members: readonly Member[]): void {
    if (this.#over()) this.#handler.members(members, this.#noted);
  }

  /** There is no answer. */
  cancel(): void {
    this.#over();
  }

  /** Ends it. Returns whether it was under way. */
  #over(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#end();
    return true;
  }
}
