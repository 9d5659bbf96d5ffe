import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { OpenGroup } from "groupcast-client";

import { groupOf, titleOf } from "../state/groups.js";
import { governs } from "../state/members.js";
import { goHome } from "../state/route.js";
import { useChanges } from "./changes.js";
import { GroupSettings } from "./group-settings.js";
import { Icon } from "./icon.js";
import { panel } from "./panel.js";

/** The name of the group that is shown. */
export function GroupHead({ groupId, open }: { groupId: number; open: OpenGroup | undefined }): JSX.Element {
  useChanges(open?.state);
  const group = { id: groupId, ...groupOf(groupId), ...open?.state.group };
  const [isSetting, setSetting] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // On a phone the link that led here is not there any more.
    if (document.activeElement === document.body || document.activeElement === null) title.current?.focus();
  }, [groupId]);
  const hasMembers = panel.value.kind === "members";
  return (
    <header class="group-head">
      <button type="button" class="action phone-only" aria-label="Groups" onClick={goHome}>
        <Icon name="back" />
      </button>
      <div class="cut">
        <h1 class="cut" tabIndex={-1} ref={title}>{titleOf(group)}</h1>
        {group.topic && <p class="topic cut">{group.topic}</p>}
      </div>
      {open && governs(open.state) && (
        <button type="button" class="action" aria-label="Settings" title="Settings" onClick={() => setSetting(true)}>
          <Icon name="settings" />
        </button>
      )}
      {isSetting && <GroupSettings group={group} close={() => setSetting(false)} />}
      {open && (
        <button
          type="button"
          class="action"
          aria-label="Members"
          title="Members"
          aria-pressed={hasMembers}
          onClick={() => (panel.value = { kind: hasMembers ? "none" : "members" })}
        >
          <Icon name="people" />
        </button>
      )}
    </header>
  );
}
