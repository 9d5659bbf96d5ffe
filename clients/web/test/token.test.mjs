// Where one signs in.
import assert from "node:assert/strict";
import { test } from "node:test";

import { check } from "./support/axe.mjs";
import { box, button, open, say, signIn, status, until, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

const kept = (page) => page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]);

test("one signs in, stays over a reload, and signs out of all of it", async (t) => {
  const server = await Server.start(t, "--auth=token");
  await server.user("alice");
  const page = await open(t, server);
  await box(page, "User name").fill("alice");
  await box(page, "Password").fill("wrong");
  await button(page, "Sign in").click();
  assert.match(await page.getByRole("alert").textContent(), /wrong/);
  await box(page, "Password").fill("alice secret");
  await button(page, "Sign in").click();
  await status(page, "Connected").waitFor();
  await button(page, "New group").click();
  await box(page, "Group name").fill("lobby");
  await button(page, "Create").click();
  await say(page, "still here?");
  await page.reload();
  await status(page, "Connected").waitFor();
  await page.getByRole("heading", { name: "lobby" }).waitFor();
  assert.equal(await button(page, "Enter").count(), 0);

  const tab = await page.context().newPage();
  await tab.goto(server.url);
  await status(tab, "Connected").waitFor();
  const { accessToken } = await page.evaluate(() => JSON.parse(localStorage.getItem("groupcast.tokens")));
  assert.equal(page.url().includes(accessToken), false);
  await button(page, "Sign out").click();
  await button(page, "Sign in").waitFor();
  await button(tab, "Sign in").waitFor();
  assert.deepEqual(await kept(page), []);
  await until("the session is over", () => server.ask("GET", "users/me", { token: accessToken }).then(() => false, () => true));
  await page.reload();
  await button(page, "Sign in").waitFor();
});

test("an account is made and one is in; a session that was ended elsewhere is over", async (t) => {
  const server = await Server.start(t, "--auth=token");
  const page = await open(t, server);
  await button(page, "Create account").click();
  await box(page, "User name").fill("bob");
  await box(page, "E-mail").fill("bob@example.com");
  await box(page, "Password").fill("secret");
  await button(page, "Create account").click();
  await status(page, "Connected").waitFor();
  const { accessToken } = await page.evaluate(() => JSON.parse(localStorage.getItem("groupcast.tokens")));
  await server.ask("DELETE", "sessions/current", { token: accessToken });
  await page.getByRole("alert").filter({ hasText: "ended" }).waitFor();
  assert.deepEqual(await kept(page), []);
});

test("one changes one's account, ends a session elsewhere, and deletes it", async (t) => {
  const server = await Server.start(t, "--auth=token");
  await server.user("alice");
  const [page, other] = [await open(t, server), await open(t, server)];
  await signIn(page, "alice");
  await signIn(other, "alice");
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "alice" }).click();
  assert.deepEqual(await check(page), []);
  assert.equal(await box(dialog, "E-mail").inputValue(), "user1@example.com");
  await box(dialog, "E-mail").fill("alice@home.example");
  await button(dialog, "Change e-mail").click();
  await status(dialog, "your address now").waitFor();
  await box(dialog, "Current password").fill("guess");
  await box(dialog, "New password").fill("better");
  await button(dialog, "Change password").click();
  await dialog.getByRole("alert").filter({ hasText: "Wrong password" }).waitFor();
  await button(dialog, "End session").click();
  await other.getByRole("alert").filter({ hasText: "ended" }).waitFor();
  await until("the session to go", async () => (await button(dialog, "End session").count()) === 0);
  await box(dialog, "Current password").fill("alice secret");
  await box(dialog, "New password").fill("better");
  await button(dialog, "Change password").click();
  await status(dialog, "new password").waitFor();
  const login = { username: "alice", password: "better" };
  const { user } = await server.ask("POST", "sessions/", { body: login });
  assert.equal(user.email, "alice@home.example");

  await page.setViewportSize({ width: 320, height: 568 });
  const widths = () => page.evaluate(() => [document.documentElement, document.querySelector("dialog")].map((part) => part.scrollWidth - part.clientWidth));
  assert.deepEqual(await widths(), [0, 0]);
  assert.deepEqual(await check(page), []);
  await button(dialog, "Delete account").click();
  await button(dialog, "Delete account").click();
  await dialog.getByRole("alert").filter({ hasText: "not your user name" }).waitFor();
  await box(dialog, "Your user name").fill("alice");
  await button(dialog, "Delete account").click();
  await button(page, "Sign in").waitFor();
  assert.deepEqual(await kept(page), []);
  await assert.rejects(server.ask("POST", "sessions/", { body: login }), /401/);
});

test("an account is offered only where one may make it", async (t) => {
  for (const [registration, offered] of [["open", 1], ["closed", 0]]) {
    const server = await Server.start(t, "--auth=token", `--registration=${registration}`);
    const page = await open(t, server);
    await button(page, "Sign in").waitFor();
    assert.equal(await button(page, "Create account").count(), offered);
  }
});
