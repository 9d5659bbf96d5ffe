// What the page looks like to those who see little, have little room, or look at its wire.
import assert from "node:assert/strict";
import { test } from "node:test";

import { check } from "./support/axe.mjs";
import { box, button, enter, link, message, open, say, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious: ${colorScheme}`, async (t) => {
    const server = await Server.start(t);
    const [alice, bob] = [await server.user("alice"), await server.user("bob")];
    const group = await server.group("lobby", alice);
    await server.join(group, bob);
    const { id } = await server.send(group, alice, "Hello @bob, see https://example.com/");
    await server.send(group, bob, "I see", { reply_to: id });
    await server.ask("PUT", `messages/${id}/reactions/%F0%9F%91%8D?user_id=${alice.id}`);
    const page = await open(t, server, { colorScheme });
    assert.deepEqual(await check(page), []);
    await button(page, "Create account").click();
    await box(page, "E-mail").waitFor();
    assert.deepEqual(await check(page), []);
    await enter(page, "bob");
    await link(page, "lobby").click();
    await message(page, "I see").waitFor();
    await say(page, "mine");
    await page.getByRole("complementary", { name: "Members" }).getByText("alice").waitFor();
    assert.deepEqual(await check(page), []);
    await message(page, "Hello @bob").hover();
    await button(message(page, "Hello @bob"), "React").click();
    assert.deepEqual(await check(page), []);
    await page.keyboard.press("Escape");
    await message(page, "Hello @bob").getByRole("button", { name: "1 answer" }).click();
    await page.getByRole("complementary", { name: "Thread" }).getByText("I see").waitFor();
    assert.deepEqual(await check(page), []);
    await button(page, "New group").click();
    assert.deepEqual(await check(page), []);
    await page.keyboard.press("Escape");
    await page.setViewportSize({ width: 320, height: 640 });
    assert.deepEqual(await check(page), []);
    await button(page, "Close thread").click();
    assert.deepEqual(await check(page), []);
  });
}

test("a phone is wide enough", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  const group = await server.group("a-group-with-a-name-that-does-not-fit-into-a-phone-whatever-one-does", alice);
  await server.send(group, alice, `${"wide".repeat(100)} https://example.com/${"long".repeat(100)}`);
  const viewport = { width: 320, height: 568 };
  const page = await open(t, server, { viewport });
  const fits = async () => {
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
    const small = await page.locator("input, textarea").evaluateAll((boxes) => boxes.filter((box) => parseFloat(getComputedStyle(box).fontSize) < 16).length);
    assert.equal(small, 0);
  };
  await fits();
  await enter(page, "alice");
  await fits();
  await link(page, /^a-group/).click();
  await message(page, "wide").waitFor();
  await fits();
  await say(page, "from a phone");
  await fits();
  await button(page, "Members").click();
  await page.getByRole("complementary", { name: "Members" }).waitFor();
  await fits();
  await button(page, "Close list").click();
  await button(page, "Groups").click();
  await link(page, /^a-group/).waitFor();
  await fits();
});

test("the wire: what holds the page, and what is kept of it", async (t) => {
  for (const mode of ["username", "token"]) {
    const server = await Server.start(t, `--auth=${mode}`);
    const answer = await fetch(`${server.url}/`);
    const page = await answer.text();
    assert.match(page, new RegExp(`name="groupcast-auth" content="${mode}"`));
    const policy = answer.headers.get("content-security-policy");
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.match(policy, /require-trusted-types-for 'script'/);
    assert.doesNotMatch(policy, /unsafe|http|\*/);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.equal(answer.headers.get("referrer-policy"), "no-referrer");
    assert.equal(answer.headers.get("cache-control"), "no-cache");
    const tag = answer.headers.get("etag");
    assert.equal((await fetch(`${server.url}/`, { headers: { "if-none-match": tag } })).status, 304);
    const head = await fetch(`${server.url}/`, { method: "HEAD" });
    assert.equal(head.status, 200);
    assert.equal(Number(head.headers.get("content-length")), Buffer.byteLength(page));
    for (const [, path] of page.matchAll(/(?:src|href)="([^"]+)"/g)) {
      assert.match(path, /^\/assets\/[a-z]+-[0-9a-f]{12}\.(js|css|svg)$/);
      for (const coding of ["br", "gzip", "identity"]) {
        const asset = await fetch(server.url + path, { headers: { "accept-encoding": coding } });
        assert.equal(asset.headers.get("content-encoding"), coding === "identity" ? null : coding);
        assert.match(asset.headers.get("cache-control"), /immutable/);
        const held = { "accept-encoding": coding, "if-none-match": asset.headers.get("etag") };
        assert.equal((await fetch(server.url + path, { headers: held })).status, 304);
      }
    }
    assert.equal((await fetch(`${server.url}/assets/app.js`)).status, 404);
  }
});
