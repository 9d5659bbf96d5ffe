import type { User } from "groupcast-client";

import { refresh } from "./groups.js";
import { addressOf, go } from "./route.js";
import { askAsMe, client, isTokenMode, me } from "./session.js";

/** How long the server may take to find or make a private chat, in milliseconds. */
const OPENING_MS = 10_000;

/** Users whose names begin with a text. */
export async function findPeople(text: string): Promise<User[]> {
  if (text.trim() === "") return [];
  return askAsMe<User[]>("GET", "search/users/", { query: { q: text.trim(), limit: 8 } });
}

/**
 * Shows the private chat with somebody, which is made if there is none. The server does both when a socket asks for it, so there is one
 * for a moment.
 */
export async function chatWith(username: string): Promise<void> {
  const protocols = ["chat.v1.json"];
  const token = isTokenMode ? await client().accessToken() : undefined;
  if (token !== undefined) protocols.push(`bearer.${token}`);
  const scheme = location.protocol.replace("http", "ws");
  const socket = new WebSocket(`${scheme}//${location.host}/ws/chat/${me().id}/${encodeURIComponent(username)}`, protocols);
  const groupId = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("The server did not answer in time.")), OPENING_MS);
    socket.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(String(data)) as { type: string; group?: { id: number }; message?: string };
      if (frame.type === "subscribed" && frame.group) resolve(frame.group.id);
      if (frame.type === "error") reject(new Error(`There is nobody named “${username}”, or no chat with them can be had.`));
    });
    socket.addEventListener("close", () => {
      clearTimeout(timer);
      reject(new Error("The server can not be reached."));
    });
  }).finally(() => socket.close());
  await refresh();
  go(addressOf(groupId));
}
