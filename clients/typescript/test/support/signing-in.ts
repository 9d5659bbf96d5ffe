import type { TestContext } from "node:test";

import { Client } from "groupcast-client";
import type { ConnectOptions, Credentials, Tokens } from "groupcast-client";
import { WebSocket } from "ws";

import { Peer } from "./peer.js";

export const LOG_IN = "POST /api/v1/sessions/";
export const REFRESH = "POST /api/v1/sessions/refresh/";
export const LOG_OUT = "DELETE /api/v1/sessions/current";
export const PASSWORD = { username: "alice", password: "secret" };

/** A peer that ends with the test. */
export async function peer(t: TestContext): Promise<Peer> {
  const peer = await Peer.listen();
  t.after(() => peer.close());
  return peer;
}

/** A client of the peer, which ends with the test. */
export function client(t: TestContext, server: Peer, credentials: Credentials, options: Partial<ConnectOptions> = {}): Client {
  const client = new Client({ url: server.url, WebSocket, backoff: { firstMs: 1, maxMs: 5 }, ...options, ...credentials });
  t.after(() => client.close());
  return client;
}

/** The n-th pair, as it was kept; it lasts for an hour. */
export function kept(n: number): Tokens {
  return { accessToken: `a${n}`, refreshToken: `r${n}`, expiresAt: Date.now() + 3_600_000 };
}
