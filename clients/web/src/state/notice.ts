import { signal } from "@preact/signals";

/** Something that went wrong, as a sentence; it is shown for a while. */
export const notice = signal("");

let timer: ReturnType<typeof setTimeout> | undefined;

/** How long a notice stays, in milliseconds. */
const SHOWN_MS = 8_000;

/** Tells the user of a failure. */
export function tell(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  notice.value = text.charAt(0).toUpperCase() + text.slice(1);
  clearTimeout(timer);
  timer = setTimeout(() => (notice.value = ""), SHOWN_MS);
}

export function dismiss(): void {
  clearTimeout(timer);
  notice.value = "";
}

/** Does something that may fail, and tells the user if it does. Returns whether it was done. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    tell(error);
    return false;
  }
}
