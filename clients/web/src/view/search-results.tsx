import type { JSX } from "preact";
import { splitHighlights } from "groupcast-client";
import type { Found } from "groupcast-client";

import { titleOf } from "../state/groups.js";
import { addressOf } from "../state/route.js";
import { closeResults, results, searchOn } from "../state/search.js";
import type { Results } from "../state/search.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icon.js";
import { fullTime, shortTime } from "./when.js";

/** Characters around what was found that are shown. */
const AROUND = 80;

/** What a search has found, newest first. */
export function SearchResults({ shown }: { shown: Results }): JSX.Element {
  const { query, found, more, failure } = shown;
  return (
    <section class="panel results" aria-label="Search results">
      <header class="panel-head">
        <h2 class="cut">“{query}”</h2>
        <button type="button" class="action" aria-label="Close results" onClick={closeResults}>
          <Icon name="close" />
        </button>
      </header>
      <div class="panel-body" tabIndex={0} role="group" aria-label="Found">
        {failure && <p class="remark">{failure}</p>}
        {!failure && <p class="remark" aria-live="polite">{found === undefined ? "Searching …" : found.length === 0 ? "Nothing was found." : ""}</p>}
        <ul class="finds">
          {found?.map((one) => (
            <Find key={one.message.id} found={one} />
          ))}
        </ul>
        {more && (
          <button type="button" class="quiet" onClick={() => void searchOn()}>
            Show more
          </button>
        )}
      </div>
    </section>
  );
}

function Find({ found: { message, highlights } }: { found: Found }): JSX.Element {
  const { id, group_id, group_name, username, created_at, content } = message;
  const parts = splitHighlights(content, highlights);
  const [first] = parts;
  // What was found shall be in sight, however far behind the beginning it stands.
  if (first && !first.isHighlighted && first.text.length > AROUND) parts[0] = { ...first, text: `… ${first.text.slice(-AROUND)}` };
  return (
    <li>
      <a
        href={addressOf(group_id, id)}
        onClick={() => {
          if (results.peek() && matchMedia("(max-width: 48em)").matches) closeResults();
        }}
      >
        <span class="find-head">
          <Avatar name={username} small />
          <b class="cut">{username}</b>
          <span class="faint cut">{titleOf({ id: group_id, name: group_name })}</span>
          <time class="faint" dateTime={created_at} title={fullTime(created_at)}>
            {shortTime(created_at)}
          </time>
        </span>
        <span class="find-text">{parts.slice(0, 40).map(({ text, isHighlighted }) => (isHighlighted ? <mark>{text}</mark> : text.slice(0, 400)))}</span>
      </a>
    </li>
  );
}
