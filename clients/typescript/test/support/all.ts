import type { Client, ClientEvents } from "groupcast-client";

/** What a client emits under a name from now on. */
export function all<Name extends keyof ClientEvents>(client: Client, name: Name): ClientEvents[Name][] {
  const events: ClientEvents[Name][] = [];
  client.on(name, (event) => events.push(event));
  return events;
}
