import type { JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Member, MessageState } from "groupcast-client";

import { perSession } from "../state/session.js";
import { Avatar } from "./avatar.js";
import { grow } from "./grow.js";
import { Icon } from "./icon.js";

/** What was written and not sent, by the place it was written at, until the page is left. */
const drafts = new Map<string, string>();
perSession(() => () => drafts.clear());

/** Names that are offered behind an @. */
const OFFERED_MAX = 6;

interface ComposerProps {
  /** Where it is: each has its own draft. */
  place: string;
  /** The name of the text box, and of the button. */
  label: string;
  button: string;
  placeholder: string;
  answered?: MessageState | undefined;
  members: readonly Member[];
  send: (content: string) => void;
  leaveAnswer?: () => void;
  /** To the messages, from an empty box. */
  leaveUp?: () => void;
  typing: (isTyping: boolean) => void;
}

/** The beginning of a name behind an @, directly before the cursor. */
function nameBefore(box: HTMLTextAreaElement): { start: number; text: string } | undefined {
  const before = box.value.slice(0, box.selectionStart);
  const found = /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}_.-]*)$/u.exec(before);
  return found ? { start: before.length - found[1]!.length, text: found[1]! } : undefined;
}

/** Where one writes. Enter sends, Shift and Enter break the line. */
export function Composer(props: ComposerProps): JSX.Element {
  const { place, label, button, placeholder, answered, members, send, leaveAnswer, leaveUp, typing } = props;
  const box = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const [offered, setOffered] = useState<readonly Member[]>([]);
  const [chosen, setChosen] = useState(0);

  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    current.value = drafts.get(place) ?? "";
    grow(current);
    setOffered([]);
    if (matchMedia("(hover: hover) and (min-width: 48em)").matches) current.focus();
  }, [place]);
  useLayoutEffect(() => {
    if (answered) box.current?.focus();
  }, [answered?.id]);

  const offer = (): void => {
    const name = box.current && nameBefore(box.current);
    const text = name?.text.toLocaleLowerCase();
    const fitting = text === undefined ? [] : members.filter(({ username }) => username.toLocaleLowerCase().startsWith(text));
    setOffered(fitting.slice(0, OFFERED_MAX));
    setChosen(0);
  };
  const complete = (member: Member): void => {
    const { current } = box;
    const name = current && nameBefore(current);
    if (!current || !name) return;
    current.setRangeText(`${member.username} `, name.start, current.selectionStart, "end");
    drafts.set(place, current.value);
    setOffered([]);
    current.focus();
  };
  const submit = (): void => {
    const { current } = box;
    if (!current || current.value.trim() === "") return;
    send(current.value);
    current.value = "";
    drafts.delete(place);
    grow(current);
    setOffered([]);
    typing(false);
    current.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (offered.length > 0) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const member = offered[chosen];
      if (step !== undefined) {
        event.preventDefault();
        setChosen((chosen + step + offered.length) % offered.length);
        return;
      }
      if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && member) {
        event.preventDefault();
        // A name that is there in full is no reason to keep Enter from sending.
        if (event.key === "Enter" && box.current && nameBefore(box.current)?.text === member.username) submit();
        else complete(member);
        return;
      }
      if (event.key === "Escape") {
        event.stopPropagation();
        setOffered([]);
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      submit();
    } else if (event.key === "ArrowUp" && box.current?.value === "" && leaveUp) {
      event.preventDefault();
      leaveUp();
    } else if (event.key === "Escape" && answered) {
      event.stopPropagation();
      leaveAnswer?.();
    }
  };
  const isOffering = offered.length > 0;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {isOffering && (
        <ul class="offered" role="listbox" id={`${id}-names`} aria-label="Names">
          {offered.map((member, index) => (
            <li
              key={member.id}
              id={`${id}-name-${index}`}
              role="option"
              aria-selected={index === chosen}
              onMouseDown={(event) => {
                event.preventDefault();
                complete(member);
              }}
            >
              <Avatar name={member.username} small />
              {member.username}
            </li>
          ))}
        </ul>
      )}
      {answered && (
        <div class="answering">
          <Icon name="reply" />
          <span class="cut">
            Answer to <b>{answered.username}</b> <span data-quote={answered.content.slice(0, 120)} />
          </span>
          <button type="button" class="action" aria-label="Do not answer" onClick={leaveAnswer}>
            <Icon name="close" />
          </button>
        </div>
      )}
      <div class="writing">
        <textarea
          ref={box}
          rows={1}
          aria-label={label}
          placeholder={placeholder}
          enterkeyhint="send"
          aria-autocomplete="list"
          aria-controls={isOffering ? `${id}-names` : undefined}
          aria-activedescendant={isOffering ? `${id}-name-${chosen}` : undefined}
          onInput={(event) => {
            const { value } = event.currentTarget;
            grow(event.currentTarget);
            if (value === "") drafts.delete(place);
            else drafts.set(place, value);
            typing(value !== "");
            offer();
          }}
          onClick={offer}
          onBlur={() => setOffered([])}
          onKeyDown={onKeyDown}
        />
        <button type="submit" class="send" aria-label={button} title={button}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
