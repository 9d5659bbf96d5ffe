import { signal } from "@preact/signals";

/** What stands beside the messages. On a phone it stands in front of them. */
export type Panel = { kind: "members" } | { kind: "thread"; groupId: number; rootId: number } | { kind: "none" };

/** Where there is room the members are shown. */
const isWide = matchMedia("(min-width: 68em)");

export const panel = signal<Panel>({ kind: isWide.matches ? "members" : "none" });

/** Back to what is shown beside a group. */
export function resetPanel(): void {
  panel.value = { kind: isWide.matches ? "members" : "none" };
}

isWide.addEventListener("change", () => {
  if (panel.peek().kind !== "thread") resetPanel();
});
