import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { account } from "../state/account.js";
import { groupOf, ownGroups, titleOf } from "../state/groups.js";
import { dismiss, notice } from "../state/notice.js";
import { join, room } from "../state/room.js";
import { goHome, route } from "../state/route.js";
import { results } from "../state/search.js";
import { isConnected, isTokenMode, session, signOut } from "../state/session.js";
import { AccountDialog } from "./account.js";
import { Avatar } from "./avatar.js";
import { Chat } from "./chat.js";
import { Door, Logo } from "./door.js";
import { GroupHead } from "./group-head.js";
import { Icon } from "./icon.js";
import { Members } from "./members.js";
import { Nav } from "./nav.js";
import { panel, resetPanel } from "./panel.js";
import { SearchResults } from "./search-results.js";
import { Thread } from "./thread.js";

/** The page. */
export function App(): JSX.Element {
  return session.value ? <Inside /> : <Door />;
}

function Inside(): JSX.Element {
  const { me } = session.value!;
  const { groupId } = route.value;
  const shown = room.value;
  const [isShowingAccount, setShowingAccount] = useState(false);
  useEffect(resetPanel, [groupId]);
  useTitle();
  const open = shown?.open && shown.id === groupId ? { ...shown, open: shown.open } : undefined;
  const side = panel.value;
  return (
    <div class={`app ${groupId === undefined ? "at-home" : "in-group"}`}>
      <header class="bar">
        <div class="brand">
          <Logo />
          <span class="brand-name">groupcast</span>
        </div>
        <p class={`connection ${isConnected.value ? "on" : "off"}`} role="status">
          {isConnected.value ? "Connected" : "Reconnecting"}
        </p>
        {account.value?.is_admin && (
          <a class="button quiet small" href="/admin">
            Admin
          </a>
        )}
        {isTokenMode ? (
          <button type="button" class="me quiet small" aria-label={`${me.username}, your account`} onClick={() => setShowingAccount(true)}>
            <Avatar name={me.username} small />
            <span class="cut">{me.username}</span>
          </button>
        ) : (
          <span class="me">
            <Avatar name={me.username} small />
            <span class="cut">{me.username}</span>
          </span>
        )}
        {isShowingAccount && <AccountDialog close={() => setShowingAccount(false)} />}
        <button type="button" class="quiet small" onClick={() => void signOut()}>
          {isTokenMode ? "Sign out" : "Change name"}
        </button>
      </header>
      <Nav />
      <main class="main">
        {groupId !== undefined && <GroupHead groupId={groupId} open={open?.open} />}
        {open ? <Chat key={open.id} shown={open} /> : <Instead groupId={groupId} refusal={shown?.id === groupId ? shown?.refusal : undefined} />}
      </main>
      {results.value ? (
        <SearchResults shown={results.value} />
      ) : open && side.kind === "thread" && side.groupId === groupId ? (
        <Thread key={side.rootId} shown={open} rootId={side.rootId} />
      ) : open && side.kind === "members" ? (
        <Members shown={open} />
      ) : null}
      {notice.value && (
        <div class="notice" role="alert">
          <span>{notice.value}</span>
          <button type="button" class="action" aria-label="Dismiss" onClick={dismiss}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}

/** What stands in the place of messages. */
function Instead({ groupId, refusal }: { groupId: number | undefined; refusal: string | undefined }): JSX.Element {
  if (groupId === undefined) {
    return (
      <div class="instead">
        <Logo />
        <p class="lead">Choose a group, or make one.</p>
      </div>
    );
  }
  if (refusal === undefined) return <div class="instead" aria-busy="true"><p class="faint">Opening …</p></div>;
  return (
    <div class="instead">
      <p class="lead">{refusal}</p>
      <div class="dialog-foot">
        <button type="button" class="quiet" onClick={goHome}>
          All groups
        </button>
        <button type="button" class="primary" onClick={() => void join(groupId)}>
          Join
        </button>
      </div>
    </div>
  );
}

/** The title says where one is, and how much is unread elsewhere. */
function useTitle(): void {
  const { groupId } = route.value;
  const unread = ownGroups.value.reduce((sum, { mark }) => sum + (mark?.unread || 0), 0);
  const name = groupId === undefined ? "" : titleOf({ id: groupId, ...groupOf(groupId) });
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${name ? `${name} · ` : ""}groupcast`;
    return () => {
      document.title = "groupcast";
    };
  }, [unread, name]);
}
