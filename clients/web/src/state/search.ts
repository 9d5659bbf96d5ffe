import { signal } from "@preact/signals";
import { ClientError } from "groupcast-client";
import type { Found } from "groupcast-client";

import { client, perSession } from "./session.js";

/** What stands in the search box. */
export const query = signal("");

/** What was found; `undefined` if no results are shown. */
export interface Results {
  readonly query: string;
  /** `undefined` as long as the server has not answered. */
  readonly found: readonly Found[] | undefined;
  /** Whether there may be more. */
  readonly more: boolean;
  readonly failure?: string;
}

export const results = signal<Results | undefined>(undefined);

const PAGE = 30;

/** Searches all of the user's groups. */
export async function search(text: string): Promise<void> {
  const q = text.trim();
  if (q === "") {
    results.value = undefined;
    return;
  }
  results.value = { query: q, found: undefined, more: false };
  await page(q, []);
}

/** Lists further results. */
export async function searchOn(): Promise<void> {
  const { query: q, found = [] } = results.peek() ?? {};
  if (q !== undefined) await page(q, found);
}

export function closeResults(): void {
  results.value = undefined;
}

async function page(q: string, before: readonly Found[]): Promise<void> {
  const isWanted = (): boolean => results.peek()?.query === q;
  try {
    const last = before.at(-1);
    const found = await client().api.search({ q, limit: PAGE, ...(last && { beforeId: last.message.id }) });
    if (isWanted()) results.value = { query: q, found: [...before, ...found], more: found.length === PAGE };
  } catch (error) {
    if (!isWanted()) return;
    const failure = error instanceof ClientError && error.code === "not_found" ? "This server does not search." : (error as Error).message;
    results.value = { query: q, found: before, more: false, failure };
  }
}

perSession(() => () => {
  results.value = undefined;
  query.value = "";
});
