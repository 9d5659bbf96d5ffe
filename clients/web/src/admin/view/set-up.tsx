import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";

import { Failure } from "../../state/rest.js";
import { Logo } from "../../view/door.js";
import { Field } from "../../view/field.js";
import { setupSecret } from "../state/at.js";
import { setUp } from "../state/deeds.js";

/** Makes the first admin of a server that has none. */
export function SetUp({ secret }: { secret: string }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const go = async (): Promise<void> => {
    const data = new FormData(form.current!);
    const [username, email, password] = ["username", "email", "password"].map((name) => String(data.get(name)));
    setBusy(true);
    setFailure("");
    try {
      await setUp(secret, username!.trim(), email!.trim(), password!);
    } catch (error) {
      const isStale = error instanceof Failure && error.status === 401;
      setFailure(isStale ? "This link counts no more: it is good once and for an hour. The server logs a new one when it starts, as long as it has no admin." : (error as Error).message);
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <form
        ref={form}
        class="card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <div class="brand large">
          <Logo />
          <h1>groupcast</h1>
        </div>
        <p class="lead">This server has no admin yet. Make yourself the first.</p>
        <Field label="User name" name="username" autocomplete="username" autocapitalize="none" spellcheck={false} maxLength={50} autofocus />
        <Field label="E-mail" name="email" type="email" autocomplete="email" maxLength={100} />
        <Field label="Password" name="password" type="password" autocomplete="new-password" />
        {failure && (
          <p class="failure" role="alert">
            {failure}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          Create account
        </button>
        <button type="button" class="quiet" onClick={() => (setupSecret.value = undefined)}>
          Sign in instead
        </button>
      </form>
    </main>
  );
}
