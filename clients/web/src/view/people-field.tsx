import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import type { User } from "groupcast-client";

import { findPeople } from "../state/directory.js";
import { Avatar } from "./avatar.js";

/** How long nothing is typed before the server is asked, in milliseconds. */
const PAUSE_MS = 150;

/** Finds a user by the beginning of their name. */
export function PeopleField({ label, without, pick }: { label: string; without: ReadonlySet<number>; pick: (user: User) => void }): JSX.Element {
  const id = useId();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const asked = useRef("");
  const [found, setFound] = useState<readonly User[] | undefined>(undefined);
  const look = (text: string): void => {
    asked.current = text;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      findPeople(text).then(
        (users) => {
          if (asked.current === text) setFound(text.trim() === "" ? undefined : users.filter((user) => !without.has(user.id)));
        },
        () => setFound([]),
      );
    }, PAUSE_MS);
  };
  return (
    <div class="field people-field">
      <label for={id}>{label}</label>
      <input
        id={id}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        autofocus
        onInput={(event) => look(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          const text = event.currentTarget.value.trim();
          const user = found?.find(({ username }) => username === text) ?? (found?.length === 1 ? found[0] : undefined);
          if (user) pick(user);
        }}
      />
      <div class="found-people" aria-live="polite">
        {found?.map((user) => (
          <button type="button" key={user.id} class="person" onClick={() => pick(user)}>
            <Avatar name={user.username} small />
            {user.username}
          </button>
        ))}
        {found?.length === 0 && <p class="hint">Nobody else has a name that begins so.</p>}
      </div>
    </div>
  );
}
