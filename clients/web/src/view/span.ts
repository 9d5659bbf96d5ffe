import type { MessageState } from "groupcast-client";

/** The messages that are drawn, of all that are known: those with places from one up to another. */
export interface Span {
  readonly from: number;
  /** Infinite at the end: what comes is drawn too. */
  readonly to: number;
}

/** Messages that are drawn at first, and by which a span grows. */
const STEP = 100;

/** Messages that are drawn at most: more make a browser slow. */
const DRAWN_MAX = 700;

/** The first index at which a message has this place or a later one. */
function indexOf(messages: readonly MessageState[], seq: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle]!.seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** From which index to which one, that one not included, a span reaches. */
export function rangeOf(messages: readonly MessageState[], { from, to }: Span): [start: number, end: number] {
  return [indexOf(messages, from), to === Infinity ? messages.length : indexOf(messages, to + 1)];
}

function spanOf(messages: readonly MessageState[], start: number, end: number): Span {
  return { from: messages[Math.max(0, start)]?.seq ?? 0, to: end >= messages.length ? Infinity : messages[end - 1]!.seq };
}

/** The newest; `from` the message at this place, if that is not too far back. */
export function atEnd(messages: readonly MessageState[], from = Infinity): Span {
  const start = Math.min(messages.length - STEP, indexOf(messages, from) - 1);
  return spanOf(messages, Math.max(start, messages.length - DRAWN_MAX), messages.length);
}

/** Those around a place. */
export function around(messages: readonly MessageState[], seq: number): Span {
  const index = indexOf(messages, seq);
  return spanOf(messages, index - STEP, index + STEP);
}

/** One that reaches further up, and less far down where it would be too long. */
export function grownUp(messages: readonly MessageState[], span: Span): Span {
  const [start, end] = rangeOf(messages, span);
  const next = Math.max(0, start - STEP);
  return spanOf(messages, next, Math.min(end, next + DRAWN_MAX));
}

/** One that reaches further down, and less far up where it would be too long. */
export function grownDown(messages: readonly MessageState[], span: Span): Span {
  const [start, end] = rangeOf(messages, span);
  const next = Math.min(messages.length, end + STEP);
  return spanOf(messages, Math.max(start, next - DRAWN_MAX), next);
}

/** One that still draws something after the messages have changed, and not too much. */
export function fitted(messages: readonly MessageState[], span: Span, isAtEnd: boolean): Span {
  const [start, end] = rangeOf(messages, span);
  // The group may have begun anew, with other places.
  if (start === end && messages.length > 0) return atEnd(messages);
  return isAtEnd && span.to === Infinity && end - start > DRAWN_MAX ? spanOf(messages, end - STEP, end) : span;
}
