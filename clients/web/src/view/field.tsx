import type { InputHTMLAttributes, JSX } from "preact";
import { useId } from "preact/hooks";

/** A text field with its name above it. */
export function Field({ label, hint, ...rest }: { label: string; hint?: string } & InputHTMLAttributes<HTMLInputElement>): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} {...rest} {...(hint && { "aria-describedby": `${id}-hint` })} />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
