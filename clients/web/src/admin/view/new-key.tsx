import type { JSX } from "preact";
import { useId, useRef, useState } from "preact/hooks";

import { Dialog } from "../../view/dialog.js";
import { Field } from "../../view/field.js";
import { makeKey } from "../state/deeds.js";

const SCOPES = [
  ["read", "Read"],
  ["write", "Read and write"],
  ["admin", "Read, write and govern"],
] as const;

const ACTORS = [
  ["user", "A user"],
  ["any", "Whomever it names"],
  ["server", "Nobody: it reads everything"],
] as const;

/** Makes a key, and shows it this once. */
export function NewKey({ close, done }: { close: () => void; done: () => void }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const [as, setAs] = useState("user");
  const [secret, setSecret] = useState<string | undefined>(undefined);
  const [failure, setFailure] = useState("");
  const make = async (): Promise<void> => {
    const data = new FormData(form.current!);
    const [name, scope, username] = ["name", "scope", "username"].map((field) => String(data.get(field) ?? "").trim());
    setFailure("");
    try {
      setSecret(await makeKey(name!, scope!, as, username!));
      done();
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  if (secret !== undefined) return <Made secret={secret} close={close} />;
  return (
    <Dialog title="New key" close={close}>
      <form
        ref={form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <Field label="Key name" name="name" maxLength={50} autocomplete="off" autofocus />
        <Choice label="It may" name="scope" options={SCOPES} />
        <Choice label="It acts as" name="as" options={ACTORS} change={setAs} />
        {as === "user" && <Field label="User name" name="username" maxLength={50} autocomplete="off" autocapitalize="none" spellcheck={false} />}
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <div class="dialog-foot">
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Create
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChoiceProps {
  label: string;
  name: string;
  options: readonly (readonly [value: string, text: string])[];
  change?: (value: string) => void;
}

function Choice({ label, name, options, change }: ChoiceProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={name} onChange={({ currentTarget: { value } }) => change?.(value)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

function Made({ secret, close }: { secret: string; close: () => void }): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(secret).then(() => setCopied(true), () => undefined);
  return (
    <Dialog title="The new key" close={close}>
      <p>It is shown this once. Keep it where its program finds it, and nobody else.</p>
      <Field label="Key" value={secret} readOnly onFocus={({ currentTarget }) => currentTarget.select()} />
      <div class="dialog-foot">
        <button type="button" class="quiet" onClick={copy}>
          {isCopied ? "Copied" : "Copy"}
        </button>
        <button type="button" class="primary" onClick={close}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
