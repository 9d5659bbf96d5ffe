import { signal } from "@preact/signals";

import { Failure } from "../../state/rest.js";
import { lookAtAccount } from "../../state/account.js";
import { askAsMe, session } from "../../state/session.js";
import type { Status } from "./types.js";

/** How the server was at one moment. */
export interface Sample {
  /** In milliseconds since the page was loaded. */
  readonly at: number;
  readonly status: Status;
}

/** How often the server is asked, in milliseconds, and how long the answers are kept. */
const PERIOD_MS = 2_000;
export const KEPT_MS = 5 * 60_000;

/** The last minutes, the newest last. */
export const samples = signal<readonly Sample[]>([]);

/** Asks the server again and again as long as the page is in sight; what it returns ends that. */
export function follow(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const look = async (): Promise<void> => {
    if (document.visibilityState === "visible") await take();
    if (!isOver) timer = setTimeout(() => void look(), PERIOD_MS);
  };
  const onVisible = (): void => {
    clearTimeout(timer);
    void look();
  };
  document.addEventListener("visibilitychange", onVisible);
  void look();
  return () => {
    isOver = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", onVisible);
    samples.value = [];
  };
}

async function take(): Promise<void> {
  const value = session.peek();
  try {
    const status = await askAsMe<Status>("GET", "admin/status/");
    if (session.peek() !== value) return;
    const now = performance.now();
    // A server that began anew counts anew.
    const before = samples.peek().filter((sample) => sample.at > now - KEPT_MS);
    const isSame = (before.at(-1)?.status.uptime_s ?? 0) <= status.uptime_s;
    samples.value = [...(isSame ? before : []), { at: now, status }];
  } catch (error) {
    // Who is no admin any more is told so by the page.
    if (error instanceof Failure && error.status === 403) await lookAtAccount().catch(() => undefined);
  }
}

/** A figure of each sample. */
export function levels(list: readonly Sample[], of: (status: Status) => number | undefined): (number | undefined)[] {
  return list.map(({ status }) => of(status));
}

/** How fast a count grew before each sample, a second. */
export function rates(list: readonly Sample[], of: (status: Status) => number): (number | undefined)[] {
  return list.map((sample, index) => {
    const before = list[index - 1];
    return before && (1_000 * (of(sample.status) - of(before.status))) / (sample.at - before.at);
  });
}

/** Samples over which commits are looked at together, since there may be few in one. */
const WINDOW = 5;

/** The time in milliseconds below which this part of the commits before each sample stayed. */
export function commitTimes(list: readonly Sample[], part: number): (number | undefined)[] {
  return list.map(({ status }, index) => {
    const before = list[Math.max(0, index - WINDOW)]?.status;
    return before && before !== status ? quantile(before, status, part) : undefined;
  });
}

function quantile(before: Status, now: Status, part: number): number | undefined {
  const [one, other] = [before.commit_seconds, now.commit_seconds];
  const wanted = part * (other.count - one.count);
  if (wanted <= 0) return undefined;
  let [lower, below] = [0, 0];
  for (const [index, { le, count }] of other.buckets.entries()) {
    const upTo = count - (one.buckets[index]?.count ?? 0);
    // As if those in a bucket stood evenly in it.
    if (upTo >= wanted) return 1_000 * (lower + (le - lower) * ((wanted - below) / (upTo - below)));
    [lower, below] = [le, upTo];
  }
  // Longer than is told apart.
  return 1_000 * lower;
}
