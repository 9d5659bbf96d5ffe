import type { JSX } from "preact";

import { KEPT_MS, commitTimes, levels, rates, samples } from "../state/status.js";
import type { Status } from "../state/types.js";
import { Chart } from "./chart.js";
import { bytes, count, duration, milliseconds, rate } from "./figures.js";
import { Head } from "./head.js";

/** The shortest time that the charts go back, in milliseconds. */
const SPAN_MS_MIN = 60_000;

/** How the server is, and was in the last minutes. */
export function Overview(): JSX.Element {
  const list = samples.value;
  const status = list.at(-1)?.status;
  const times = list.map((sample) => sample.at);
  // At first there is little to show, which would stand in a corner.
  const spanMs = Math.min(KEPT_MS, Math.max(SPAN_MS_MIN, (times.at(-1) ?? 0) - (times[0] ?? 0)));
  const common = { times, spanMs };
  return (
    <>
      <Head title="Overview">
        <span class="faint">{spanMs < 90_000 ? "the last minute" : `the last ${Math.round(spanMs / 60_000)} minutes`}</span>
      </Head>
      <div class="charts">
        <Chart {...common} title="Connections" write={count} lines={[{ values: levels(list, connections) }]} />
        <Chart {...common} title="Messages a second" write={rate} lines={[{ values: rates(list, (one) => one.messages_committed) }]} />
        <Chart {...common} title="Deliveries a second" write={rate} lines={[{ values: rates(list, (one) => one.deliveries) }]} />
        <Chart
          {...common}
          title="Time of a commit"
          write={milliseconds}
          lines={[
            { name: "p50", values: commitTimes(list, 0.5) },
            { name: "p99", values: commitTimes(list, 0.99) },
          ]}
        />
        <Chart {...common} title="Queue" write={count} lines={[{ values: levels(list, (one) => one.queue_messages) }]} />
        <Chart {...common} title="Memory" unit={1 << 20} write={bytes} lines={[{ values: levels(list, (one) => one.process?.resident_bytes) }]} />
      </div>
      {status ? (
        <Facts status={status} cpu={rates(list, (one) => one.process?.cpu_seconds ?? 0).at(-1)} />
      ) : (
        <p class="remark" aria-live="polite">
          Loading …
        </p>
      )}
    </>
  );
}

const connections = ({ connections: { text, json } }: Status): number => text + json;

function Facts({ status, cpu }: { status: Status; cpu: number | undefined }): JSX.Element {
  const { connections: open, process, logins, dropped_sockets: dropped } = status;
  const sum = Object.values(dropped).reduce((all, one) => all + one, 0);
  const why = Object.entries(dropped).map(([reason, times]) => `${reason} ${times}`).join(", ");
  const facts: [string, string | undefined][] = [
    ["Version", [status.version, status.commit && `(${status.commit})`].filter(Boolean).join(" ")],
    ["Running for", duration(status.uptime_s)],
    ["Store", status.store === "postgres" ? "Postgres" : "SQLite"],
    ["Sockets", `${count(open.json)} JSON, ${count(open.text)} text`],
    ["Messages stored", count(status.messages_committed)],
    ["Deliveries", count(status.deliveries)],
    ["Waiting for slow sockets", bytes(status.outbox_bytes)],
    ["Sockets that fell behind", count(status.lagged)],
    ["Sockets closed by the server", why === "" ? count(sum) : `${count(sum)}: ${why}`],
    ["Log-ins", `${count(logins["ok"] ?? 0)}, and ${count((logins["wrong"] ?? 0) + (logins["locked"] ?? 0))} refused`],
    ["Processor", cpu === undefined ? undefined : `${Math.round(100 * cpu)} % of one core`],
    ["Open files", process?.open_files === undefined ? undefined : `${count(process.open_files)} of ${process.open_files_max === undefined ? "any number" : count(process.open_files_max)}`],
  ];
  return (
    <section aria-labelledby="since">
      <h2 id="since">Since it was started</h2>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
