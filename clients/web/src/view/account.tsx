import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { account, changeEmail, changePassword, endSession, eraseMe, ownSessions } from "../state/account.js";
import type { OwnSession } from "../state/account.js";
import { attempt } from "../state/notice.js";
import { me } from "../state/session.js";
import { Confirm } from "./confirm.js";
import { Dialog } from "./dialog.js";
import { Field } from "./field.js";
import { programOf } from "./program.js";
import { fullTime, shortTime } from "./when.js";

/** One's own account: the address, the password, where one is signed in, and the way out. */
export function AccountDialog({ close }: { close: () => void }): JSX.Element {
  const [isLeaving, setLeaving] = useState(false);
  if (isLeaving) return <Farewell close={() => setLeaving(false)} />;
  return (
    <Dialog title={me().username} close={close}>
      {account.value?.is_admin && (
        <p>
          You govern this server: <a href="/admin">Admin</a>
        </p>
      )}
      <Email />
      <Password />
      <OwnSessions />
      <div class="dialog-foot">
        <button type="button" class="quiet grave" onClick={() => setLeaving(true)}>
          Delete account
        </button>
        <button type="button" class="primary" onClick={close}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

/** A form that says what came of it. */
function Change({ done, work, children }: { done: string; work: (form: FormData) => Promise<unknown>; children: JSX.Element | JSX.Element[] }): JSX.Element {
  const form = useRef<HTMLFormElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<{ text: string; isFailure: boolean } | undefined>(undefined);
  const go = async (): Promise<void> => {
    setBusy(true);
    setOutcome(undefined);
    try {
      await work(new FormData(form.current!));
      form.current?.reset();
      setOutcome({ text: done, isFailure: false });
    } catch (error) {
      setOutcome({ text: (error as Error).message, isFailure: true });
    }
    setBusy(false);
  };
  return (
    <form
      ref={form}
      class="change"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void go();
      }}
    >
      {children}
      {outcome && (
        <p class={outcome.isFailure ? "failure" : "success"} role={outcome.isFailure ? "alert" : "status"}>
          {outcome.text}
        </p>
      )}
    </form>
  );
}

function Email(): JSX.Element {
  const known = account.value?.email ?? "";
  return (
    <Change done="This is your address now." work={(form) => changeEmail(String(form.get("email")).trim())}>
      <div class="with-button">
        <Field key={known} label="E-mail" name="email" type="email" autocomplete="email" maxLength={100} defaultValue={known} />
        <button type="submit" class="quiet">
          Change e-mail
        </button>
      </div>
    </Change>
  );
}

function Password(): JSX.Element {
  const change = async (form: FormData): Promise<void> => {
    const [current, password] = [String(form.get("current")), String(form.get("password"))];
    if (password === "") throw new Error("The new password is missing.");
    await changePassword(current, password);
  };
  return (
    <Change done="You have a new password. All your other sessions have ended." work={change}>
      <Field label="Current password" name="current" type="password" autocomplete="current-password" />
      <div class="with-button">
        <Field label="New password" name="password" type="password" autocomplete="new-password" />
        <button type="submit" class="quiet">
          Change password
        </button>
      </div>
    </Change>
  );
}

function OwnSessions(): JSX.Element {
  const [sessions, setSessions] = useState<readonly OwnSession[] | undefined>(undefined);
  const look = (): Promise<void> => ownSessions().then(setSessions, () => setSessions([]));
  useEffect(() => void look(), []);
  return (
    <section aria-labelledby="sessions">
      <h3 id="sessions">Signed in</h3>
      <ul class="sessions">
        {sessions?.map(({ id, client, renewed_at: renewed, current }) => (
          <li key={id}>
            <span class="cut" title={client}>
              {programOf(client)}
            </span>
            <time class="faint" dateTime={renewed} title={fullTime(renewed)}>
              {shortTime(renewed)}
            </time>
            {current ? (
              <span class="role">this one</span>
            ) : (
              <button type="button" class="quiet small" onClick={() => void attempt(() => endSession(id)).then(look)}>
                End session
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Whoever deletes their account writes their name: no slip of the hand does. */
function Farewell({ close }: { close: () => void }): JSX.Element {
  const { username } = me();
  const [withMessages, setWithMessages] = useState(false);
  const name = useRef("");
  const erase = (): Promise<void> => {
    if (name.current !== username) throw new Error("This is not your user name.");
    return eraseMe(withMessages);
  };
  return (
    <Confirm title="Delete your account?" action="Delete account" close={close} work={async () => erase()}>
      <p>It is gone for good, and you are signed out everywhere. What you wrote stays under a placeholder.</p>
      <div class="check">
        <input type="checkbox" id="with-messages" checked={withMessages} onChange={({ currentTarget }) => setWithMessages(currentTarget.checked)} />
        <label for="with-messages">Delete my messages, too</label>
      </div>
      <Field
        label="Your user name"
        hint={`To go on, enter ${username}.`}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => (name.current = value)}
      />
    </Confirm>
  );
}
