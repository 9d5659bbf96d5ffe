import type { JSX } from "preact";

/** A row of values over time, newest last; where there is none the line has a gap. */
export interface Line {
  /** What tells it from others in the same chart. */
  name?: string;
  values: readonly (number | undefined)[];
}

interface ChartProps {
  title: string;
  /** When each value was, in milliseconds. */
  times: readonly number[];
  /** How far back the chart goes, in milliseconds. */
  spanMs: number;
  lines: readonly Line[];
  /** What the chart's height is a round multiple of. */
  unit?: number;
  write: (value: number) => string;
}

const [WIDTH, HEIGHT, TOP] = [300, 84, 6];

/** The least of 1, 2, 5, 10, 20, ... units that is not below a value. */
function ceiling(value: number, unit: number): number {
  if (value <= 0) return unit;
  const power = unit * 10 ** Math.floor(Math.log10(value / unit));
  return [1, 2, 5, 10].map((step) => step * power).find((bound) => bound >= value) ?? value;
}

/** Lines over the last minutes, with what they say now. */
export function Chart({ title, times, spanMs, lines, unit = 1, write }: ChartProps): JSX.Element {
  const end = times.at(-1) ?? 0;
  const top = ceiling(Math.max(0, ...lines.flatMap(({ values }) => values.filter((value) => value !== undefined))), unit);
  const x = (index: number): string => (WIDTH * (1 - (end - times[index]!) / spanMs)).toFixed(1);
  const y = (value: number): string => (HEIGHT - (HEIGHT - TOP) * (value / top)).toFixed(1);
  const path = ({ values }: Line): string =>
    values.map((value, index) => (value === undefined ? "" : `${values[index - 1] === undefined ? "M" : "L"}${x(index)} ${y(value)}`)).join("");
  const [only] = lines.length === 1 ? lines : [];
  const first = only?.values.findIndex((value) => value !== undefined) ?? -1;
  const now = lines.map(({ name, values }) => ({ name, text: values.at(-1) === undefined ? "–" : write(values.at(-1)!) }));
  const said = now.map(({ name, text }) => [name, text].filter(Boolean).join(" ")).join(", ");
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-now">
          {now.map(({ name, text }, index) => (
            <span key={name} class={name && `legend line-${index}`}>
              {name && <span class="faint">{name} </span>}
              {text}
            </span>
          ))}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${title}: ${said} now. The chart goes up to ${write(top)}.`}>
        <path class="grid" d={`M0 ${TOP}H${WIDTH}M0 ${(HEIGHT + TOP) / 2}H${WIDTH}M0 ${HEIGHT}H${WIDTH}`} />
        {only && first >= 0 && <path class="area" d={`${path(only)}V${HEIGHT}H${x(first)}Z`} />}
        {lines.map((line, index) => (
          <path key={index} class={`line line-${index}`} d={path(line)} />
        ))}
      </svg>
      <span class="chart-top" aria-hidden="true">
        {write(top)}
      </span>
    </figure>
  );
}
