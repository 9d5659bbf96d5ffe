import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { account } from "../../state/account.js";
import { dismiss, notice } from "../../state/notice.js";
import { isConnected, session, signOut } from "../../state/session.js";
import { Avatar } from "../../view/avatar.js";
import { Door, Logo } from "../../view/door.js";
import { Icon } from "../../view/icon.js";
import { SECTIONS, addressOf, at, setupSecret } from "../state/at.js";
import type { At, Section } from "../state/at.js";
import { follow } from "../state/status.js";
import { Group } from "./group.js";
import { Groups } from "./groups.js";
import { Keys } from "./keys.js";
import { Overview } from "./overview.js";
import { Sessions } from "./sessions.js";
import { Settings } from "./settings.js";
import { SetUp } from "./set-up.js";
import { Users } from "./users.js";

const TITLES: Readonly<Record<Section, string>> = {
  overview: "Overview",
  users: "Users",
  groups: "Groups",
  sessions: "Sessions",
  keys: "Keys",
  settings: "Settings",
};

/** The page for admins of the server. */
export function Admin(): JSX.Element {
  if (setupSecret.value !== undefined) return <SetUp secret={setupSecret.value} />;
  if (!session.value) return <Door title="groupcast admin" mayCreate={false} />;
  return <Inside />;
}

function Inside(): JSX.Element {
  const { me } = session.value!;
  const known = account.value;
  return (
    <div class="desk">
      <header class="bar">
        <div class="brand">
          <Logo />
          <span class="brand-name">groupcast</span>
        </div>
        <p class={`connection ${isConnected.value ? "on" : "off"}`} role="status">
          {isConnected.value ? "Connected" : "Reconnecting"}
        </p>
        <a class="button quiet small" href="/">
          Chat
        </a>
        <span class="me">
          <Avatar name={me.username} small />
          <span class="cut">{me.username}</span>
        </span>
        <button type="button" class="quiet small" onClick={() => void signOut()}>
          Sign out
        </button>
      </header>
      {known === undefined ? (
        <main class="instead" aria-busy="true">
          <p class="faint">Loading …</p>
        </main>
      ) : known.is_admin ? (
        <Parts />
      ) : (
        <main class="instead">
          <h1>For admins only</h1>
          <p class="lead">You are signed in as {me.username}, who is no admin of this server.</p>
          <a class="button primary" href="/">
            To the chat
          </a>
        </main>
      )}
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

function Parts(): JSX.Element {
  useEffect(follow, []);
  const shown = at.value;
  return (
    <>
      <nav aria-label="Admin">
        <ul>
          {SECTIONS.map((section) => (
            <li key={section}>
              <a href={addressOf(section)} aria-current={section === shown.section ? "page" : undefined}>
                {TITLES[section]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <main class="part">{partOf(shown)}</main>
    </>
  );
}

function partOf({ section, id }: At): JSX.Element {
  switch (section) {
    case "overview":
      return <Overview />;
    case "users":
      return <Users />;
    case "groups":
      return id === undefined ? <Groups /> : <Group key={id} id={id} />;
    case "sessions":
      return <Sessions key={id} userId={id} />;
    case "keys":
      return <Keys />;
    case "settings":
      return <Settings />;
  }
}
