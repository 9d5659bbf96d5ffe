import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** The heading of a part, and what belongs beside it. The keyboard goes on here when a part is shown. */
export function Head({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · groupcast`;
    // A link in the part before may have led here, which has gone with it.
    if (document.activeElement === document.body) heading.current?.focus();
  }, [title]);
  return (
    <div class="part-head">
      <h1 ref={heading} tabIndex={-1} class="cut">
        {title}
      </h1>
      {children}
    </div>
  );
}
