import { signal } from "@preact/signals";

/** What the page shows: a group, and perhaps a message in it that is to be found. It stands in the address, so that Back works. */
export interface Route {
  readonly groupId: number | undefined;
  readonly messageId: number | undefined;
}

export const route = signal<Route>(read());

addEventListener("hashchange", () => (route.value = read()));

/** The address of a group, or of a message in it. */
export function addressOf(groupId: number, messageId?: number): string {
  return messageId === undefined ? `#/g/${groupId}` : `#/g/${groupId}/m/${messageId}`;
}

/** Goes somewhere. */
export function go(address: string): void {
  if (location.hash === address) route.value = read();
  else location.hash = address;
}

/** Shows no group: on a phone, the list of them. */
export function goHome(): void {
  go("#/");
}

/** The message was found; a reload begins at the newest again. */
export function arrived(): void {
  const { groupId } = route.peek();
  if (groupId === undefined) return;
  history.replaceState(null, "", addressOf(groupId));
  route.value = { groupId, messageId: undefined };
}

/** Forgets where one was. */
export function forgetRoute(): void {
  history.replaceState(null, "", location.pathname);
  route.value = read();
}

function read(): Route {
  const [, group, message] = /^#\/g\/(\d+)(?:\/m\/(\d+))?$/.exec(location.hash) ?? [];
  return { groupId: group ? Number(group) : undefined, messageId: message ? Number(message) : undefined };
}
