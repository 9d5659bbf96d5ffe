import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

import { Dialog } from "./dialog.js";

interface ConfirmProps {
  title: string;
  /** What the button says that does it. */
  action: string;
  work: () => Promise<unknown>;
  close: () => void;
  children: ComponentChildren;
}

/** Asks before something is done that can not be undone. */
export function Confirm({ title, action, work, close, children }: ConfirmProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const go = async (): Promise<void> => {
    setBusy(true);
    setFailure("");
    try {
      await work();
      close();
      setTimeout(findPlace, 0);
    } catch (error) {
      setFailure((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} close={close}>
      {children}
      {failure && (
        <p class="failure" role="alert">
          {failure}
        </p>
      )}
      <div class="dialog-foot">
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
        <button type="button" class="danger" disabled={isBusy} onClick={() => void go()}>
          {action}
        </button>
      </div>
    </Dialog>
  );
}

/** The button that has led here may have gone with what it was about: then the keyboard goes on at the heading. */
function findPlace(): void {
  const { activeElement, body } = document;
  if (activeElement === null || activeElement === body) document.querySelector<HTMLElement>("main h1")?.focus();
}
