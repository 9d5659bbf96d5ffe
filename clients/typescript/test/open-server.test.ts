import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import type { TestContext } from "node:test";

import { Client, ClientError, GroupState } from "groupcast-client";
import type { LogEntry, Member, Message, OpenGroup, OwnGroup, Position } from "groupcast-client";
import { WebSocket } from "ws";

import { listed } from "./support/listed.js";
import { Proxy } from "./support/proxy.js";
import { Random } from "./support/random.js";
import { Server } from "./support/server.js";
import { patiently, until } from "./support/until.js";

const CLIENTS = 3;
/** What each client does. */
const DEEDS = 120;
/** What one client has under way. */
const WINDOW = 4;
/** Users who only react: more than a list names. */
const CROWD = 14;
const KILLS = 4;
/** Bytes that no connection outlives. */
const CONNECTION_BYTES_MAX = 40_000;
const EMOJI = ["👍", "❤️"];

const seed = Number(process.env["GROUPCAST_SEED"] ?? randomInt(2 ** 32));

/** A client that ends with the test, and does not mind that the server is killed. */
function connect(t: TestContext, url: string, username: string): Client {
  const client = new Client({ url, username, WebSocket, backoff: { firstMs: 5, maxMs: 100 } });
  t.after(() => client.close());
  client.on("error", (error) => assert.ok(error.retry, String(error)));
  client.connect();
  return client;
}

/** What a group comes to for who reads all of it anew, by lists or by the log. */
async function anew(server: Server, group: number, user: number): Promise<{ messages: Message[]; own: OwnGroup; replayed: GroupState }> {
  const own = (await server.request("GET", `users/${user}/groups/?user_id=${user}`, undefined)) as OwnGroup[];
  const replayed = new GroupState({ me: user });
  for (;;) {
    const entries = (await server.request("GET", `groups/${group}/log/?after_seq=${replayed.seq}`, undefined)) as LogEntry[];
    if (entries.length === 0) break;
    for (const entry of entries) replayed.apply(entry);
  }
  return { messages: (await server.messages(group)) as Message[], own: own[0]!, replayed };
}

/** Waits until a state has all that there is, and compares it with that. */
async function check(server: Server, { state, subscription }: OpenGroup): Promise<void> {
  const { id } = subscription.group;
  const { head_seq } = (await anew(server, id, state.me)).own;
  await until("the end of the log", () => state.seq >= head_seq);
  await until("what is vague", () => !state.isMarkVague && state.vague.length === 0);
  const { messages, own, replayed } = await anew(server, id, state.me);
  const { group, role, read_seq: seq, unread, mentions, capped = false, last_message } = own;
  assert.equal(state.seq, own.head_seq);
  assert.deepEqual(listed(state.messages), messages.filter((message) => message.seq >= state.from));
  assert.deepEqual(listed(replayed.messages), messages);
  for (const { id, reactions } of state.messages) {
    // Who has read the whole log knows of all reactions.
    const all = replayed.get(id)!.reactions;
    for (const [index, { mine }] of reactions.entries()) assert.equal(mine ?? all[index]!.mine, all[index]!.mine);
  }
  assert.deepEqual(state.mark, { seq, unread, mentions, capped });
  assert.deepEqual([state.group, state.role], [group, role]);
  assert.deepEqual(state.lastMessage?.id, last_message?.id);
}

/** Does anything, and does not mind what can not be done any more. */
async function deed({ state, subscription, older, markRead, crowd }: Bound, random: Random, index: number): Promise<void> {
  const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
  const alive = state.messages.filter(({ deleted }) => !deleted);
  const own = alive.filter(({ user_id }) => user_id === state.me);
  const kind = random.below(12);
  try {
    if (alive.length === 0 || kind < 4) {
      const options = state.messages.length > 0 && random.below(2) === 0 ? { replyTo: pick(state.messages).id } : {};
      await subscription.send(`m${index} @user${random.below(CLIENTS)}`, options);
    } else if (kind < 5 && own.length > 0) {
      await subscription.edit(pick(own).id, `e${index} @user${random.below(CLIENTS)}`);
    } else if (kind < 6 && own.length > 0) {
      await subscription.deleteMessage(pick(own).id);
    } else if (kind < 7) {
      await markRead(random.below(state.seq + 2));
    } else if (kind < 8) {
      await older(1 + random.below(20));
    } else if (kind < 9 && random.below(3) === 0) {
      state.trim();
    } else {
      await subscription.react(pick(alive).id, pick(EMOJI), random.below(2) === 0);
    }
    // Some have reactions of many.
    const popular = alive.find(({ id }) => id % 8 === 0);
    if (popular) await crowd(popular.id, random.below(CROWD), random.below(3) > 0);
  } catch (error) {
    // It was deleted meanwhile.
    assert.ok(error instanceof ClientError && error.code === "not_found", String(error));
  }
}

interface Bound extends Pick<OpenGroup, "state" | "subscription" | "older" | "markRead"> {
  /** One of many reacts, over REST. */
  crowd(messageId: number, index: number, on: boolean): Promise<void>;
}

test(`open groups equal the server's, over cuts and kills (GROUPCAST_SEED=${seed})`, async (t) => {
  const random = new Random(seed);
  const server = await Server.start(t);
  const users: number[] = [];
  for (let index = 0; index < CLIENTS; index += 1) users.push(await server.user(`user${index}`));
  const group = await server.groupOf(users[0]!, "lobby");
  const others: number[] = [];
  for (let index = 0; index < CROWD; index += 1) {
    others.push(await server.user(`other${index}`));
    await server.request("PUT", `groups/${group}/members/${others[index]}?user_id=${others[index]}`, undefined);
  }
  const crowd = async (messageId: number, index: number, on: boolean): Promise<void> => {
    const path = `messages/${messageId}/reactions/${encodeURIComponent(EMOJI[0]!)}?user_id=${others[index]}`;
    await server.request(on ? "PUT" : "DELETE", path, undefined).catch(() => undefined);
  };
  const proxy = await Proxy.listen(server.port, random, CONNECTION_BYTES_MAX);
  t.after(() => proxy.close());

  // Another socket of the first user, which lists nothing.
  const follower = connect(t, proxy.url, "user0");
  let done = 0;
  let resumed = 0;
  // It may be cut while it asks, and asks again when all is over.
  const isFollowing = until("membership", () => done > 20)
    .then(() => follower.groups.follow())
    .then(
      () => true,
      () => false,
    );
  const opened = await Promise.all(
    users.map(async (_, index) => {
      const options = { keep: index === 0 ? 1_000 : 10 + random.below(30), page: random.below(2) * 20 };
      let client = connect(t, proxy.url, `user${index}`);
      let open = await patiently("the group", client.open(group, options));
      const again = async (position: Position): Promise<void> => {
        client.close();
        client = connect(t, proxy.url, `user${index}`);
        open = await patiently("the group again", client.open(group, { ...options, position }));
        resumed += 1;
      };
      for (let step = 0; step < DEEDS; step += WINDOW) {
        const bound: Bound = {
          state: open.state,
          subscription: open.subscription,
          older: (limit) => open.older(limit),
          crowd,
          markRead: (seq) => open.markRead(seq),
        };
        await patiently("deeds", Promise.all(Array.from({ length: WINDOW }, (_, deeds) => deed(bound, random, step + deeds))));
        done += WINDOW;
        // A program that ends, and another one that goes on from what it has kept.
        if (random.below(8) === 0) await again(open.subscription.position);
      }
      return () => open;
    }).concat(
      (async () => {
        for (let kill = 1; kill <= KILLS; kill += 1) {
          await until("some deeds", () => done >= (kill * CLIENTS * DEEDS) / (KILLS + 1));
          await server.kill();
          await server.restart();
          proxy.target = server.port;
          await server.request("PATCH", `groups/${group}?user_id=${users[0]}`, undefined, { name: `lobby ${kill}`, topic: `t${kill}` });
        }
        return undefined as never;
      })(),
    ),
  );
  for (const open of opened.slice(0, CLIENTS)) await check(server, open());
  if (!(await patiently("the own groups", isFollowing))) await patiently("the own groups", follower.groups.follow());
  await check(server, follower.groups.all[0]!.open!);
  // One that begins now, and lists all.
  const late = await patiently("the group", connect(t, server.url, "user0").open(group));
  await patiently("the members", late.members());
  while (late.state.hasOlder) await patiently("a page", late.older());
  await check(server, late);
  const members = (await server.request("GET", `groups/${group}/members/`, undefined)) as Member[];
  assert.deepEqual([...late.state.members!.values()].sort((one, other) => one.id - other.id), members);
  t.diagnostic(`${late.state.seq} entries, ${proxy.cuts} cuts, ${resumed} resumed`);
});

test("what one reads is told to the others, and to one's other sockets", async (t) => {
  const server = await Server.start(t);
  const group = await server.group("lobby");
  const [aliceId, bobId] = [await server.user("alice"), await server.user("bob")];
  const [alice, also, bob] = ["alice", "alice", "bob"].map((name) => connect(t, server.url, name)) as [Client, Client, Client];
  const [atAlice, atAlso, atBob] = await Promise.all([alice, also, bob].map((client) => patiently("the group", client.open(group))));
  const sent: number[] = [];
  for (let index = 0; index < 5; index += 1) sent.push((await patiently("the message", atBob!.subscription.send(`@alice ${index}`))).seq);
  await until("the counts", () => atAlice!.state.mark?.unread === 5 && atAlso!.state.mark?.mentions === 5);
  assert.deepEqual([atAlice!.state.marks.get(bobId), atBob!.state.mark?.unread], [sent[4], 0]);

  const answers = await patiently("the answers", Promise.all(sent.slice(0, 4).map((seq) => atAlice!.markRead(seq))));
  const { seq, unread, mentions } = answers.at(-1)!;
  assert.deepEqual([seq, unread, mentions], [sent[3], 1, 1]);
  await until("the mark elsewhere", () => atAlso!.state.mark?.seq === sent[3]);
  assert.deepEqual(atAlso!.state.mark, { seq, unread: 1, mentions: 1, capped: false });
  await until("the mark of alice", () => atBob!.state.marks.get(aliceId) === sent[3]);
  // Never back, and not beyond the end.
  assert.equal((await patiently("the answer", also.markRead(group, 1))).seq, sent[3]);
  assert.equal((await patiently("the answer", also.markRead(group, 1_000))).seq, sent[4]);
  await until("the mark", () => atAlice!.state.mark?.unread === 0 && atBob!.state.marks.get(aliceId) === sent[4]);
});

test("who is signed in has the same", async (t) => {
  const server = await Server.start(t, "--auth=token");
  const clients: Client[] = [];
  for (const username of ["alice", "bob"]) {
    await server.user(username);
    const client = new Client({ url: server.url, username, password: "secret", WebSocket });
    t.after(() => client.close());
    await patiently("the welcome", client.connect());
    clients.push(client);
  }
  const [alice, bob] = clients as [Client, Client];
  const group = await server.group("lobby", await alice.accessToken());
  const open = await patiently("the group", alice.open(group));
  const { subscription } = await patiently("the group", bob.open("lobby"));
  const first = await patiently("the message", subscription.send("Tea, @alice?"));
  const second = await patiently("the answer", open.subscription.send("Yes!", { replyTo: first.message_id }));
  await patiently("the reaction", subscription.react(second.message_id, "👍", true));
  await patiently("the groups", alice.groups.refresh());
  const [own] = alice.groups.all;
  assert.deepEqual([own?.role, own?.mark?.seq, own?.lastMessage?.content, own?.open], ["owner", second.seq, "Yes!", open]);
  await until("the reaction", () => open.state.seq === 3);
  const thread = await patiently("the thread", alice.api.thread(first.message_id));
  assert.deepEqual(listed(open.state.messages), thread);
  assert.deepEqual(listed(open.state.thread(first.message_id)), thread.slice(1));
  assert.deepEqual(await patiently("the message", bob.api.message(second.message_id)), thread[1]);
  const entries = await patiently("the log", alice.api.log(group, { afterSeq: 1 }));
  assert.deepEqual(entries.map(({ type }) => type), ["message", "reaction"]);
  await patiently("the members", open.members());
  assert.deepEqual([...open.state.members!.values()].map(({ username, role }) => [username, role]), [["alice", "owner"], ["bob", "member"]]);
});
