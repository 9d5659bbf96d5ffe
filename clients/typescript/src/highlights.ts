import type { Highlight } from "./api-types.js";

/** A part of a text that is highlighted, or one between two of those. */
export interface TextPart {
  text: string;
  isHighlighted: boolean;
}

/**
 * Splits a text into highlighted parts and those between. Put together they are the text; none is empty. Places count in Unicode code
 * points, as the server does, not in the units of a string. What reaches beyond the text is cut, what comes twice is taken once.
 */
export function splitHighlights(content: string, highlights: readonly Highlight[]): TextPart[] {
  const points = [...content];
  const parts: TextPart[] = [];
  let end = 0;
  const add = (upTo: number, isHighlighted: boolean): void => {
    if (upTo <= end) return;
    parts.push({ text: points.slice(end, upTo).join(""), isHighlighted });
    end = Math.min(upTo, points.length);
  };
  for (const [start, length] of highlights) {
    add(Math.min(start, points.length), false);
    add(Math.min(start + length, points.length), true);
  }
  add(points.length, false);
  return parts;
}
