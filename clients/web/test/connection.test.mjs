// Networks that fail, and long histories.
import assert from "node:assert/strict";
import { test } from "node:test";

import { box, enterGroup, message, say, status, until, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

test("a server that is killed loses nothing, and what was written meanwhile is sent once", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  await server.user("bob");
  const group = await server.group("lobby", alice);
  const one = await enterGroup(t, server, "alice", "lobby");
  const other = await enterGroup(t, server, "bob", "lobby");
  await say(one, "before");
  await message(other, "before").waitFor();
  await server.kill();
  await status(one, "Reconnecting").waitFor();
  await say(one, "meanwhile");
  await say(one, "and again");
  await message(one, "meanwhile").getByText("waiting").waitFor();
  await other.close();
  // Those who leave in the midst of it lose nothing either.
  await server.restart();
  await server.send(group, alice, "by somebody else");
  await status(one, "Connected").waitFor();
  await message(one, "by somebody else").waitFor();
  await until("nothing waits", async () => (await one.getByText("waiting").count()) === 0);
  await say(one, "after");
  await message(one, "after").getByRole("img", { name: "stored" }).waitFor();
  const contents = (await server.messages(group)).map(({ content }) => content);
  assert.deepEqual([...contents].sort(), ["after", "and again", "before", "by somebody else", "meanwhile"]);
  assert.equal(contents.indexOf("meanwhile") < contents.indexOf("and again"), true);
  assert.equal(await message(one, "meanwhile").count(), 1);
});

test("without a network one goes on writing, and it is sent once there is one", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  const group = await server.group("lobby", alice);
  const page = await enterGroup(t, server, "alice", "lobby");
  await page.context().setOffline(true);
  await status(page, "Reconnecting").waitFor();
  await say(page, "from nowhere");
  await message(page, "from nowhere").getByText("waiting").waitFor();
  await server.send(group, alice, "by somebody else");
  await page.context().setOffline(false);
  await status(page, "Connected").waitFor();
  await message(page, "by somebody else").waitFor();
  await message(page, "from nowhere").getByRole("img", { name: "stored" }).waitFor();
  assert.equal((await server.messages(group)).length, 2);
});

test("what waits outlives a reload", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  const group = await server.group("lobby", alice);
  const page = await enterGroup(t, server, "alice", "lobby");
  await server.kill();
  await status(page, "Reconnecting").waitFor();
  await say(page, "kept");
  const kept = await page.evaluate(() => Object.values(localStorage).join(""));
  assert.match(kept, /kept/);
  await server.restart();
  await page.reload();
  await status(page, "Connected").waitFor();
  await message(page, "kept").getByRole("img", { name: "stored" }).waitFor();
  assert.equal((await server.messages(group)).length, 1);
});

test("500 messages are scrolled upward without jumps", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  const group = await server.group("lobby", alice);
  for (let index = 0; index < 500; index += 25) {
    const numbers = Array.from({ length: 25 }, (_, add) => index + add);
    for (const number of numbers) await server.send(group, alice, `message ${number}.${"\nline".repeat(number % 4)}`);
  }
  const page = await enterGroup(t, server, "alice", "lobby");
  await message(page, "message 499.").waitFor();
  // Looks at each frame: what is in sight in two frames may have moved down by what was scrolled, and by nothing else.
  await page.evaluate(() => {
    const log = document.querySelector("[role=log]");
    globalThis.jumps = [];
    let seen = new Map();
    const look = () => {
      const { top, bottom } = log.getBoundingClientRect();
      const now = new Map();
      for (const article of log.querySelectorAll("article")) {
        const place = article.getBoundingClientRect();
        if (place.bottom > top && place.top < bottom) now.set(article.id, place.top);
      }
      for (const [id, place] of now) {
        const before = seen.get(id);
        const moved = before === undefined ? 0 : place - before;
        if (moved < -1 || moved > 401) globalThis.jumps.push([id, moved]);
      }
      seen = now;
      requestAnimationFrame(look);
    };
    look();
  });
  await page.getByRole("log").hover();
  const end = Date.now() + 60_000;
  while ((await page.getByText("This is where it begins.").count()) === 0 || (await page.evaluate(() => document.querySelector("[role=log]").scrollTop)) > 0) {
    assert.ok(Date.now() < end, "the beginning is not reached");
    await page.mouse.wheel(0, -400);
    await page.waitForTimeout(30);
  }
  assert.deepEqual(await page.evaluate(() => globalThis.jumps), []);
  assert.equal(await page.getByRole("article").count(), 500);
  assert.match(await page.getByRole("article").first().textContent(), /message 0\./);

  // A message that comes does not move what is read; whoever sends is at the end.
  const top = await page.getByRole("article").first().boundingBox();
  await server.send(group, alice, "the newest");
  await page.waitForTimeout(500);
  assert.deepEqual(await page.getByRole("article").first().boundingBox(), top);
  await box(page, "Message").fill("to the end");
  await box(page, "Message").press("Enter");
  await until("the end is in sight", () => message(page, "to the end").isVisible());
});
