import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import { Failure } from "../../state/rest.js";
import { askAsMe } from "../../state/session.js";

/** Rows of a page. */
const LIMIT = 50;

/** A list that the server gives page by page, or at once where it has a bound of its own. */
export class Pages<Row extends { id: number }> {
  /** `undefined` as long as the server has not answered. */
  readonly rows = signal<readonly Row[] | undefined>(undefined);
  /** Whether there may be more. */
  readonly more = signal(false);
  readonly failure = signal("");
  readonly #path: string;
  #query = "";
  /** Counts the beginnings, so that a late answer is not taken for a new one. */
  #turn = 0;

  constructor(
    path: string,
    /** Whether the server gives all of it at once. */
    readonly isWhole: boolean,
  ) {
    this.#path = path;
  }

  /** Lists those that begin so, from the start. */
  async begin(query = this.#query): Promise<void> {
    this.#query = query;
    this.#turn += 1;
    await this.#page(undefined);
  }

  async next(): Promise<void> {
    const last = this.rows.peek()?.at(-1);
    if (last) await this.#page(last.id);
  }

  /** Takes a row out that is not there any more. */
  drop(id: number): void {
    this.rows.value = this.rows.peek()?.filter((row) => row.id !== id);
  }

  async #page(after: number | undefined): Promise<void> {
    const turn = this.#turn;
    try {
      const query = this.isWhole ? {} : { q: this.#query || undefined, after, limit: LIMIT };
      const page = await askAsMe<Row[]>("GET", this.#path, { query });
      if (turn !== this.#turn) return;
      this.rows.value = [...(after === undefined ? [] : (this.rows.peek() ?? [])), ...page];
      this.more.value = !this.isWhole && page.length === LIMIT;
      this.failure.value = "";
    } catch (error) {
      if (turn !== this.#turn) return;
      // The last row has gone meanwhile, so nobody knows what is behind it.
      if (after !== undefined && error instanceof Failure && error.status === 404) return this.begin();
      this.failure.value = (error as Error).message;
    }
  }
}

/** A list of this path, begun when it is shown. */
export function usePages<Row extends { id: number }>(path: string, isWhole = false): Pages<Row> {
  const pages = useMemo(() => new Pages<Row>(path, isWhole), [path]);
  useEffect(() => void pages.begin(), [pages]);
  return pages;
}
