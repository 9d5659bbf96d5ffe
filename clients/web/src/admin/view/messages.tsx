import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { splitHighlights } from "groupcast-client";
import type { Found } from "groupcast-client";

import { client } from "../../state/session.js";
import { Confirm } from "../../view/confirm.js";
import { Icon } from "../../view/icon.js";
import { fullTime, shortTime } from "../../view/when.js";
import { deleteMessage } from "../state/deeds.js";

/** Messages of one search. */
const LIMIT = 50;

/** Characters of a message that are shown. */
const SHOWN_MAX = 600;

/** Finds messages of a group, and deletes them. */
export function Messages({ groupId }: { groupId: number }): JSX.Element {
  const box = useRef<HTMLInputElement>(null);
  const [found, setFound] = useState<readonly Found[] | undefined>(undefined);
  const [failure, setFailure] = useState("");
  const [doomed, setDoomed] = useState<Found | undefined>(undefined);
  const search = async (): Promise<void> => {
    const q = box.current!.value.trim();
    setFailure("");
    try {
      setFound(q === "" ? undefined : await client().api.search({ q, groupId, limit: LIMIT }));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  return (
    <>
      <h2 id="messages">Messages</h2>
      <form
        class="search with-button"
        role="search"
        aria-labelledby="messages"
        onSubmit={(event) => {
          event.preventDefault();
          void search();
        }}
      >
        <Icon name="search" />
        <input ref={box} type="search" aria-label="Search messages" placeholder="Search messages" enterkeyhint="search" />
        <button type="submit" class="quiet">
          Search
        </button>
      </form>
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <p class="remark" aria-live="polite">
        {found && (found.length === 0 ? "Nothing was found." : `${found.length === LIMIT ? "The newest " : ""}${found.length} found.`)}
      </p>
      <ul class="found-messages">
        {found?.map((one) => (
          <li key={one.message.id}>
            <article aria-label={`${one.message.username}, ${fullTime(one.message.created_at)}`}>
              <p>
                <b>{one.message.username}</b>{" "}
                <time class="faint" dateTime={one.message.created_at} title={fullTime(one.message.created_at)}>
                  {shortTime(one.message.created_at)}
                </time>
              </p>
              <p class="found-text" dir="auto">
                {splitHighlights(one.message.content.slice(0, SHOWN_MAX), one.highlights).map(({ text, isHighlighted }) => (isHighlighted ? <mark>{text}</mark> : text))}
              </p>
            </article>
            <button type="button" class="quiet small grave" onClick={() => setDoomed(one)}>
              Delete
            </button>
          </li>
        ))}
      </ul>
      {doomed && (
        <Confirm
          title={`Delete this message of ${doomed.message.username}?`}
          action="Delete"
          close={() => setDoomed(undefined)}
          work={() => deleteMessage(doomed.message.id).then(() => setFound(found?.filter((one) => one !== doomed)))}
        >
          <p>Its content is gone for good. That there was a message still shows.</p>
        </Confirm>
      )}
    </>
  );
}
