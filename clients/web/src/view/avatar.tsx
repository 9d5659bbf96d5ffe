import type { JSX } from "preact";

/** Colours in the style sheet. */
const HUES = 12;

/** A user's initial, in a colour that stays theirs. */
export function Avatar({ name, small = false }: { name: string; small?: boolean }): JSX.Element {
  // FNV-1a, of which names that differ in a letter differ in all bits.
  let sum = 0x811c9dc5;
  for (const character of name) sum = Math.imul(sum ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  const [initial = "?"] = name;
  const classes = `avatar hue-${(sum >>> 7) % HUES} ${small ? "small" : ""}`;
  return <span class={classes} aria-hidden="true" data-initial={initial.toLocaleUpperCase()} />;
}
