import type { JSX } from "preact";
import { useRef } from "preact/hooks";

import { Icon } from "../../view/icon.js";
import type { Pages } from "../state/pages.js";

/** How long nothing is typed before the server is asked, in milliseconds. */
const PAUSE_MS = 200;

/** Narrows a list to what begins with what is typed. */
export function Narrow({ label, narrow }: { label: string; narrow: (text: string) => void }): JSX.Element {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => event.preventDefault()}
    >
      <Icon name="search" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => narrow(value.trim()), PAUSE_MS);
        }}
      />
    </form>
  );
}

/** What stands below a list: further rows, or why there are none. */
export function More<Row extends { id: number }>({ pages }: { pages: Pages<Row> }): JSX.Element {
  return (
    <>
      {pages.failure.value && (
        <p class="failure" role="alert">
          {pages.failure.value}
        </p>
      )}
      {pages.more.value && (
        <button type="button" class="quiet" onClick={() => void pages.next()}>
          Show more
        </button>
      )}
    </>
  );
}
