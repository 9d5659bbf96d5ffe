import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import { keptName } from "../state/kept.js";
import { createAccount, enter, farewell, isRegistrationOpen, isTokenMode, signIn } from "../state/session.js";
import { Field } from "./field.js";

type Way = "enter" | "create";

/** Where one comes in, and where one may make an account if that is open. */
export function Door({ title = "groupcast", mayCreate = isRegistrationOpen }: { title?: string; mayCreate?: boolean }): JSX.Element {
  const [isNew, setNew] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState(farewell.peek());
  const form = useRef<HTMLFormElement>(null);
  const needsPassword = isTokenMode || isNew;

  const focus = (name: string): void => {
    // Behind what is shown next.
    setTimeout(() => form.current?.querySelector<HTMLInputElement>(`[name=${name}]`)?.focus(), 0);
  };
  const value = (name: string): string => form.current?.querySelector<HTMLInputElement>(`[name=${name}]`)?.value ?? "";

  const go = async (way: Way): Promise<void> => {
    if (isBusy) return;
    const username = value("username").trim();
    if (way === "create" && !isNew) {
      setNew(true);
      setFailure("");
      focus(username === "" ? "username" : "email");
      return;
    }
    const missing = [
      username === "" && ["username", "User name"],
      way === "create" && value("email").trim() === "" && ["email", "E-mail"],
      (way === "create" || isTokenMode) && value("password") === "" && ["password", "Password"],
    ].find((field) => field !== false) as [string, string] | undefined;
    if (missing) {
      setFailure(`${missing[1]} is missing.`);
      focus(missing[0]);
      return;
    }
    setBusy(true);
    setFailure("");
    try {
      if (way === "create") await createAccount(username, value("email").trim(), value("password"));
      else if (isTokenMode) await signIn(username, value("password"));
      else await enter(username);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
  };

  const main: Way = isNew ? "create" : "enter";
  const button = (way: Way, name: string): JSX.Element => (
    <button
      key={way}
      type={way === main ? "submit" : "button"}
      class={way === main ? "primary" : "quiet"}
      disabled={isBusy}
      onClick={way === main ? undefined : () => void go(way)}
    >
      {name}
    </button>
  );
  const come = button("enter", isTokenMode ? "Sign in" : "Enter");
  const create = button("create", "Create account");
  const or = (
    <div key="or" class="or" aria-hidden="true">
      or
    </div>
  );
  return (
    <main class="door">
      <form
        ref={form}
        class="card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void go(main);
        }}
      >
        <div class="brand large">
          <Logo />
          <h1>{title}</h1>
        </div>
        <p class="lead">{isNew ? "Make yourself an account." : isTokenMode ? "Good to see you." : "Under which name do you come in?"}</p>
        <Field
          label="User name"
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          maxLength={50}
          defaultValue={keptName()}
          autofocus
        />
        {isNew && <Field label="E-mail" name="email" type="email" autocomplete="email" maxLength={100} />}
        {needsPassword && (
          <Field label="Password" name="password" type="password" autocomplete={isNew ? "new-password" : "current-password"} />
        )}
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        {!mayCreate ? come : isNew ? [create, or, come] : [come, or, create]}
      </form>
    </main>
  );
}

/** The sign of the program. */
export function Logo(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 64 64" aria-hidden="true">
      <rect width="64" height="64" rx="16" class="ground" />
      <path d="M14 20a6 6 0 0 1 6-6h24a6 6 0 0 1 6 6v15a6 6 0 0 1-6 6H31l-10 9v-9h-1a6 6 0 0 1-6-6z" class="figure" />
      <g class="ground">
        <circle cx="24" cy="27.500" r="3" />
        <circle cx="32" cy="27.500" r="3" />
        <circle cx="40" cy="27.500" r="3" />
      </g>
    </svg>
  );
}
