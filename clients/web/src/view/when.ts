/** How times are written. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" });
const DAY_OF_YEAR = new Intl.DateTimeFormat("en", { day: "numeric", month: "long", year: "numeric" });
const FULL = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "medium" });
const SHORT = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });

export function timeOf(at: string): string {
  return TIME.format(new Date(at));
}

/** Where there is little room: without the half of the day. */
export function clockOf(at: string): string {
  return timeOf(at).replace(/\s?[AP]M$/i, "");
}

/** For whom it has to be exact. */
export function fullTime(at: string): string {
  return FULL.format(new Date(at));
}

/** Whether two times are on the same day here. */
export function isSameDay(one: string, other: string): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString();
}

export function dayOf(at: string): string {
  const date = new Date(at);
  const now = new Date();
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === now.toDateString()) return "Today";
  if (date.toDateString() === yesterday.toDateString()) return "Yesterday";
  return (date.getFullYear() === now.getFullYear() ? DAY : DAY_OF_YEAR).format(date);
}

/** The time of today, else the day. */
export function shortTime(at: string): string {
  return isSameDay(at, new Date().toISOString()) ? timeOf(at) : SHORT.format(new Date(at));
}
