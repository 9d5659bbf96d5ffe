import { signal } from "@preact/signals";

/** The parts of the page, as they stand in its address. */
export const SECTIONS = ["overview", "users", "groups", "sessions", "keys", "settings"] as const;

export type Section = (typeof SECTIONS)[number];

/** What the page shows: a part of it, and perhaps one group or one user's sessions. It stands in the address, so that Back works. */
export interface At {
  readonly section: Section;
  readonly id: number | undefined;
}

/** The secret with which the first admin is made, from the link that the server has logged. */
export const setupSecret = signal<string | undefined>(undefined);

export const at = signal<At>(read());

addEventListener("hashchange", () => (at.value = read()));

export function addressOf(section: Section, id?: number): string {
  return id === undefined ? `#/${section}` : `#/${section}/${id}`;
}

function read(): At {
  const [, secret] = /^#setup=(.+)$/.exec(location.hash) ?? [];
  if (secret !== undefined) {
    // At once, so that it is in no history, and nobody looks it up in the address.
    history.replaceState(null, "", location.pathname);
    setupSecret.value = secret;
  }
  const [, name, id] = /^#\/([a-z]+)(?:\/(\d+))?$/.exec(location.hash) ?? [];
  return { section: SECTIONS.find((section) => section === name) ?? "overview", id: id ? Number(id) : undefined };
}
