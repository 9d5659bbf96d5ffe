// The contract of REST as pages: they work under their policy, with what the server has.
import assert from "node:assert/strict";
import { test } from "node:test";

import { open, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

/** Opens a page of the server's. The test fails if it complains. */
async function openAt(t, server, path) {
  const page = await open(t, server);
  const complaints = [];
  const expected = /responded with a status of 401/;
  page.on("console", (message) => {
    const isComplaint = ["error", "warning"].includes(message.type()) && !expected.test(message.text());
    if (isComplaint) complaints.push(message.text());
  });
  t.after(() => assert.deepEqual(complaints, []));
  await page.goto(server.url + path);
  return page;
}

/** The operation of this id, unfolded. */
async function operation(page, tag, id) {
  const block = page.locator(`#operations-${tag}-${id}`);
  await block.locator(".opblock-summary-control").click();
  return block;
}

async function execute(block) {
  await block.getByRole("button", { name: "Try it out" }).click();
  await block.getByRole("button", { name: "Execute" }).click();
  const answer = block.locator(".live-responses-table");
  await answer.waitFor();
  return (await answer.locator(".response-col_description").last().innerText()).trim();
}

test("who authorizes in /docs can try what needs a token", async (t) => {
  const server = await Server.start(t, "--auth", "token");
  await server.user("alice");
  const page = await openAt(t, server, "/docs");
  await page.getByRole("heading", { name: /^groupcast/ }).waitFor();

  const before = await operation(page, "users", "readMe");
  assert.match(await execute(before), /Not authenticated/);

  await page.locator(".auth-wrapper .authorize").first().click();
  const dialog = page.locator(".modal-ux");
  await dialog.getByLabel("username:").fill("alice");
  await dialog.getByLabel("password:").fill("alice secret");
  await dialog.getByRole("button", { name: "Apply given OAuth2 credentials" }).click();
  await dialog.getByRole("button", { name: "Remove authorization" }).first().waitFor();
  await dialog.locator(".close-modal").click();

  await before.getByRole("button", { name: "Execute" }).click();
  await before.locator(".live-responses-table", { hasText: "\"username\": \"alice\"" }).waitFor();
});

test("/docs needs no token where a name is enough", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  await server.group("lobby", alice);
  const page = await openAt(t, server, "/docs");
  assert.match(await execute(await operation(page, "groups", "listGroups")), /"name": "lobby"/);
});

test("/redoc shows and finds operations", async (t) => {
  const server = await Server.start(t);
  const page = await openAt(t, server, "/redoc");
  await page.getByRole("heading", { name: "Sends a message." }).waitFor();
  // The search runs in a worker, which is a file of the server's like all else.
  await page.getByPlaceholder("Search...").fill("reaction");
  await page.getByRole("menuitem", { name: /Reacts to a message/ }).first().waitFor();
  assert.equal(await page.locator("img").count(), 0);
});
