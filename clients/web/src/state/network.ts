import { signal } from "@preact/signals";

/**
 * Whether the server can be reached, as far as the browser knows. A network that goes away silently leaves sockets that look open; the
 * browser often knows before they do. That it has no network says nothing of a server on the same machine, so that is asked.
 */
export const isReachable = signal(true);

/** How often it is looked whether the server is back, and how long it may take to answer, in milliseconds. */
const LOOK_MS = 2_000;

let timer: ReturnType<typeof setTimeout> | undefined;

async function look(): Promise<void> {
  clearTimeout(timer);
  try {
    await fetch("/healthz", { signal: AbortSignal.timeout(LOOK_MS), cache: "no-store" });
    isReachable.value = true;
  } catch {
    isReachable.value = false;
    timer = setTimeout(() => void look(), LOOK_MS);
  }
}

addEventListener("offline", () => void look());
addEventListener("online", () => void look());
