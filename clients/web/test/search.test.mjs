// What is searched for.
import assert from "node:assert/strict";
import { test } from "node:test";

import { box, enterGroup, link, message, until, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

test("a message is found in all of one's groups, and shown where it stands", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  const [lobby, other] = [await server.group("lobby", alice), await server.group("other", alice)];
  await server.send(other, alice, "😀 the needle is <b>here</b>");
  for (let number = 0; number < 250; number += 1) await server.send(other, alice, `hay ${number}.`);
  await server.send(lobby, alice, "another needle");
  const page = await enterGroup(t, server, "alice", "lobby");
  const search = page.getByRole("searchbox", { name: "Search" });
  await search.fill("oth");
  await until("the list is narrowed", async () => (await link(page, "lobby").count()) === 0 && (await link(page, "other").count()) === 1);
  await search.fill("needle");
  const results = page.getByRole("region", { name: "Search results" });
  // A new message is found within two seconds.
  await until("both are found", async () => {
    await search.press("Enter");
    await results.getByText("Searching").waitFor({ state: "detached" });
    return (await results.getByRole("link").count()) === 2;
  });
  assert.deepEqual(await results.getByRole("mark").or(results.locator("mark")).allTextContents(), ["needle", "needle"]);
  await results.getByRole("link").filter({ hasText: "here" }).click();
  await page.getByRole("heading", { name: "other" }).waitFor();
  const found = message(page, "the needle is <b>here</b>");
  await until("it is in sight", () => found.evaluate((article) => {
    const place = article.getBoundingClientRect();
    return place.top > 0 && place.bottom < innerHeight;
  }));
  await until("the keyboard is at it", () => found.evaluate((article) => document.activeElement === article));
  await search.fill("nothing of this kind");
  await search.press("Enter");
  await results.getByText("Nothing was found.").waitFor();
  await page.keyboard.press("Escape");
  await results.waitFor({ state: "detached" });
  await box(page, "Message").waitFor();
});
