import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { askAsMe } from "../../state/session.js";
import type { SettingRow } from "../state/types.js";
import { Head } from "./head.js";
import { Table } from "./table.js";

/** The settings in force. They are changed where the server is started. */
export function Settings(): JSX.Element {
  const [rows, setRows] = useState<readonly SettingRow[] | undefined>(undefined);
  const [failure, setFailure] = useState("");
  useEffect(() => {
    askAsMe<SettingRow[]>("GET", "admin/settings/").then(setRows, (error: unknown) => setFailure((error as Error).message));
  }, []);
  return (
    <>
      <Head title="Settings" />
      <p class="faint">They are set by the command line, the environment or a file when the server is started.</p>
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <Table
        caption="Settings"
        rows={rows}
        hasFailed={failure !== ""}
        keyOf={({ name }) => name}
        empty=""
        columns={[
          { name: "Setting", cell: ({ name }) => <code>{name}</code> },
          { name: "Value", cell: ({ value, source }) => <code class={source === "default" ? "" : "changed"}>{value}</code> },
          { name: "From", cell: ({ source }) => (source === "default" ? <span class="faint">{source}</span> : source) },
        ]}
      />
    </>
  );
}
