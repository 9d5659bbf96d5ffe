import assert from "node:assert/strict";
import { test } from "node:test";

import { Client } from "groupcast-client";
import { WebSocket } from "ws";

import { Peer } from "./support/peer.js";

test("a page that is not from HTTPS sends under random names", async (t) => {
  // What a browser hides from such a page.
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  t.after(() => Reflect.deleteProperty(crypto, "randomUUID"));
  const server = await Peer.listen();
  t.after(() => server.close());
  const alice = new Client({ url: server.url, username: "alice", WebSocket });
  t.after(() => alice.close());
  alice.connect();
  const socket = await server.accept();
  await socket.welcome();
  const names = new Set<unknown>();
  for (let seq = 1; seq <= 100; seq++) {
    const sent = alice.send(7, "hi");
    const { id, client_id } = await socket.expect("send");
    assert.match(String(client_id), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    names.add(client_id);
    socket.send({ type: "ack", id, group_id: 7, message_id: seq, seq, created_at: "", duplicate: false });
    await sent;
  }
  assert.equal(names.size, 100);
});
