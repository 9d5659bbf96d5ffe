import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

import { grow } from "./grow.js";

/** A message's content while it is changed in place: Enter saves, Escape leaves. */
export function EditBox({ content, save, leave }: { content: string; save: (content: string) => void; leave: () => void }): JSX.Element {
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const { current } = box;
    if (!current) return;
    grow(current);
    current.focus();
    current.setSelectionRange(current.value.length, current.value.length);
  }, []);
  return (
    <div class="edit-box">
      <textarea
        ref={box}
        rows={1}
        aria-label="Changed text"
        defaultValue={content}
        onInput={(event) => grow(event.currentTarget)}
        onKeyDown={(event) => {
          if (event.isComposing) return;
          if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            save(event.currentTarget.value);
          } else if (event.key === "Escape") {
            event.stopPropagation();
            leave();
          }
        }}
      />
      <div class="edit-row">
        <button type="button" class="small primary" onClick={() => box.current && save(box.current.value)}>
          Save
        </button>
        <button type="button" class="small quiet" onClick={leave}>
          Cancel
        </button>
      </div>
    </div>
  );
}
