import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Confirm } from "../../view/confirm.js";
import { revokeKey } from "../state/deeds.js";
import { usePages } from "../state/pages.js";
import type { KeyRow } from "../state/types.js";
import { Head } from "./head.js";
import { More } from "./listing.js";
import { NewKey } from "./new-key.js";
import { When } from "./sessions.js";
import { Table } from "./table.js";

const ACTORS: Readonly<Record<string, string>> = { any: "whomever it names", server: "nobody" };

/** The keys for programs. */
export function Keys(): JSX.Element {
  const pages = usePages<KeyRow>("admin/keys/", true);
  const [isMaking, setMaking] = useState(false);
  const [doomed, setDoomed] = useState<KeyRow | undefined>(undefined);
  return (
    <>
      <Head title="Keys">
        <button type="button" class="primary" onClick={() => setMaking(true)}>
          New key
        </button>
      </Head>
      <p class="faint">A key lets a program in without a password, until it is revoked.</p>
      <Table
        caption="Keys"
        rows={pages.rows.value}
        hasFailed={pages.failure.value !== ""}
        keyOf={({ id }) => id}
        empty="There are no keys."
        columns={[
          { name: "Name", cell: ({ name }) => <span class="cut">{name}</span> },
          { name: "May", cell: ({ scope }) => scope },
          { name: "Acts as", cell: ({ as, username }) => username ?? ACTORS[as] ?? as },
          { name: "Made", cell: ({ created_at: made }) => <When at={made} /> },
        ]}
        acts={(key) => (
          <button type="button" class="quiet small grave" onClick={() => setDoomed(key)}>
            Revoke
          </button>
        )}
      />
      <More pages={pages} />
      {isMaking && <NewKey close={() => setMaking(false)} done={() => void pages.begin()} />}
      {doomed && (
        <Confirm
          title={`Revoke ${doomed.name}?`}
          action="Revoke"
          close={() => setDoomed(undefined)}
          work={() => revokeKey(doomed.name).then(() => pages.drop(doomed.id))}
        >
          <p>Programs that use it are out at once, and it can not be brought back.</p>
        </Confirm>
      )}
    </>
  );
}
