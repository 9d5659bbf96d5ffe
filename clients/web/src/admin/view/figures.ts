/** How figures are written. */

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const LARGE = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Exact up to five digits. */
export function count(value: number): string {
  return value < 100_000 ? COUNT.format(value) : LARGE.format(value);
}

/** Something a second: with a digit behind the point where there are few. */
export function rate(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : count(Math.round(value));
}

export function bytes(value: number): string {
  let [amount, unit] = [value, 0];
  while (amount >= 1_024 && unit < UNITS.length - 1) [amount, unit] = [amount / 1_024, unit + 1];
  return `${amount >= 100 || unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

export function milliseconds(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} s`;
  return `${value >= 10 ? Math.round(value) : value.toFixed(value >= 1 ? 1 : 2)} ms`;
}

/** How long something lasts, in its two largest units. */
export function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = first < 0 ? parts.slice(-1) : parts.slice(first, first + 2).filter(([amount], index) => index === 0 || amount > 0);
  return shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}
