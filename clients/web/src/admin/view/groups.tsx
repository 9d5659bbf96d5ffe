import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { Confirm } from "../../view/confirm.js";
import { Icon } from "../../view/icon.js";
import { addressOf } from "../state/at.js";
import { deleteGroup } from "../state/deeds.js";
import { usePages } from "../state/pages.js";
import type { GroupRow } from "../state/types.js";
import { count } from "./figures.js";
import { Head } from "./head.js";
import { More, Narrow } from "./listing.js";
import { Table } from "./table.js";

/** How one gets into a group, in a word. */
export function kindOf({ is_private: isPrivate, join }: { is_private: boolean; join: string }): string {
  if (isPrivate) return "private";
  return join === "invite" ? "by invitation" : "open";
}

/** All groups. */
export function Groups(): JSX.Element {
  const pages = usePages<GroupRow>("admin/groups/");
  const [doomed, setDoomed] = useState<GroupRow | undefined>(undefined);
  return (
    <>
      <Head title="Groups">
        <Narrow label="Search groups" narrow={(text) => void pages.begin(text)} />
      </Head>
      <Table
        caption="Groups"
        rows={pages.rows.value}
        hasFailed={pages.failure.value !== ""}
        keyOf={({ id }) => id}
        empty="No group has a name that begins so."
        columns={[
          {
            name: "Name",
            cell: ({ id, name }) => (
              <span class="named">
                <Icon name="group" />
                <a class="cut" href={addressOf("groups", id)}>
                  {name}
                </a>
              </span>
            ),
          },
          { name: "Kind", cell: kindOf },
          { name: "Members", isNumber: true, cell: ({ members }) => count(members) },
          { name: "Online", isNumber: true, cell: ({ online }) => count(online) },
          { name: "Entries", isNumber: true, cell: ({ head_seq: head }) => count(head) },
        ]}
        acts={(group) => (
          <button type="button" class="quiet small grave" onClick={() => setDoomed(group)}>
            Delete
          </button>
        )}
      />
      <More pages={pages} />
      {doomed && <DeleteGroup group={doomed} close={() => setDoomed(undefined)} done={() => pages.drop(doomed.id)} />}
    </>
  );
}

/** Asks before a group is deleted. */
export function DeleteGroup({ group: { id, name }, close, done }: { group: { id: number; name: string }; close: () => void; done: () => void }): JSX.Element {
  return (
    <Confirm title={`Delete ${name}?`} action="Delete" close={close} work={() => deleteGroup(id).then(done)}>
      <p>The group and all its messages are gone for good.</p>
    </Confirm>
  );
}
