import type { JSX } from "preact";
import { useState } from "preact/hooks";

/** A part of a content: text, an address that can be opened, or a name behind an @. */
type Part = { text: string; href?: string; mention?: "to-me" | "other" };

/** Addresses, up to white space; and names as the server finds them. */
const SPECIAL = /https?:\/\/[^\s<>"'`]+|(?<![\p{L}\p{N}_])@[\p{L}\p{N}_.-]+/gu;

/** What belongs to the sentence around an address rather than to it. */
const TRAILING = /[.,;:!?'"*_~]+$/;

/** Characters of a content that are shown at first, and lines. */
const SHOWN_MAX = 3_000;
const SHOWN_LINES_MAX = 40;

/** Three emoji at most and nothing else are shown large. */
const JUMBO = /^(?:\p{Extended_Pictographic}[\u{FE0F}\u{200D}\p{Extended_Pictographic}\p{Emoji_Modifier}]*\s?){1,3}$/u;

/** Who is mentioned, by their names. */
export interface Names {
  readonly me: string;
  readonly mentioned: ReadonlySet<string>;
}

/** Only what begins like an address of the web becomes one. */
function addressIn(text: string): string | undefined {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** An address without what ends the sentence, and without a closing bracket that none opens. */
function cut(text: string): string {
  let end = text.replace(TRAILING, "");
  while (end.endsWith(")") && end.split(")").length > end.split("(").length) end = end.slice(0, -1).replace(TRAILING, "");
  return end;
}

/** The parts of a content. Put together they are the content. */
export function partsOf(content: string, { me, mentioned }: Names): Part[] {
  const parts: Part[] = [];
  let end = 0;
  const add = (from: number, part: Part): void => {
    if (from > end) parts.push({ text: content.slice(end, from) });
    parts.push(part);
    end = from + part.text.length;
  };
  for (const { 0: found, index } of content.matchAll(SPECIAL)) {
    if (found.startsWith("@")) {
      let name = found.slice(1);
      while (!mentioned.has(name) && /[.-]$/.test(name)) name = name.slice(0, -1);
      if (mentioned.has(name)) add(index, { text: `@${name}`, mention: name === me || name === "all" ? "to-me" : "other" });
    } else {
      const text = cut(found);
      const href = addressIn(text);
      if (href !== undefined) add(index, { text, href });
    }
  }
  if (end < content.length) parts.push({ text: content.slice(end) });
  return parts;
}

function shortened(content: string): string | undefined {
  const lines = content.split("\n", SHOWN_LINES_MAX + 1);
  if (content.length <= SHOWN_MAX && lines.length <= SHOWN_LINES_MAX) return undefined;
  const text = lines.slice(0, SHOWN_LINES_MAX).join("\n").slice(0, SHOWN_MAX);
  // Not in the midst of a pair.
  return /[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text;
}

/** A message's content. It is text, whatever it looks like. */
export function Text({ content, names }: { content: string; names: Names }): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const short = isWhole ? undefined : shortened(content);
  return (
    <span class={`text ${JUMBO.test(content) ? "jumbo" : ""}`} dir="auto">
      {partsOf(short ?? content, names).map(({ text, href, mention }) =>
        href ? (
          <a href={href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {text}
          </a>
        ) : mention ? (
          <span class={`mention ${mention}`}>{text}</span>
        ) : (
          text
        ),
      )}
      {short !== undefined && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          … show all
        </button>
      )}
    </span>
  );
}
