// The page for admins of the server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { check } from "./support/axe.mjs";
import { box, button, open, signIn, status, until, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

const HOSTILE = "<img src=x onerror=document.title='broken'>";

/** A server in token mode of which root is an admin, and others who have an account. */
async function town(t, ...names) {
  const server = await Server.start(t, "--auth=token", "--send-rate=1000");
  const root = await server.admin("root");
  const people = [];
  for (const name of names) {
    await server.user(name);
    people.push(await server.signIn(name));
  }
  return [server, root, ...people];
}

/** A group of somebody's, with these members. */
async function group(server, owner, name, ...members) {
  const made = await server.ask("POST", "groups/", { body: { name, is_private: false }, token: owner.token });
  for (const { id, token } of members) await server.ask("PUT", `groups/${made.id}/members/${id}`, { token });
  return made;
}

function send(server, { id }, { token }, content) {
  return server.ask("POST", "messages/", { body: { group_id: id, content }, token });
}

/** The admin's page, at one of its parts. */
async function openAdmin(t, server, part = "overview", options = {}) {
  const page = await open(t, server, { path: `/admin#/${part}`, ...options });
  await signIn(page, "root");
  await nav(page).waitFor();
  return page;
}

const nav = (page) => page.getByRole("navigation", { name: "Admin" });
const heading = (page, name) => page.getByRole("heading", { level: 1, name });
const row = (page, table, name) => page.getByRole("table", { name: table }).getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
const dialog = (page) => page.getByRole("dialog");

test("the link in the log makes the first admin, once", async (t) => {
  const server = await Server.start(t, "--auth=token");
  const secret = await server.setupSecret();
  const page = await open(t, server, { path: `/admin#setup=${secret}` });
  await button(page, "Create account").waitFor();
  assert.equal(page.url(), `${server.url}/admin`);
  await button(page, "Create account").click();
  await page.getByRole("alert").waitFor();
  await box(page, "User name").fill("root");
  await box(page, "E-mail").fill("root@example.com");
  await box(page, "Password").fill("root secret");
  await box(page, "Password").press("Enter");
  await heading(page, "Overview").waitFor();
  await status(page, "Connected").waitFor();
  assert.equal(page.url().includes(secret), false);
  assert.equal(await page.evaluate((text) => JSON.stringify({ ...localStorage, ...sessionStorage }).includes(text), secret), false);
  await page.goBack();
  assert.equal(page.url().includes(secret), false);

  const late = await open(t, server, { path: `/admin#setup=${secret}` });
  await box(late, "User name").fill("late");
  await box(late, "E-mail").fill("late@example.com");
  await box(late, "Password").fill("secret");
  await button(late, "Create account").click();
  await late.getByRole("alert").filter({ hasText: "counts no more" }).waitFor();
  await button(late, "Sign in instead").click();
  await button(late, "Sign in").waitFor();
  assert.equal(await button(late, "Create account").count(), 0);
});

test("who is no admin is refused, and where names are believed there is no such page", async (t) => {
  const [server] = await town(t, "alice");
  const page = await open(t, server, { path: "/admin" });
  await signIn(page, "alice");
  await heading(page, "For admins only").waitFor();
  assert.equal(await nav(page).count(), 0);
  await page.getByRole("link", { name: "To the chat" }).click();
  await page.getByRole("navigation", { name: "Groups" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Admin" }).count(), 0);

  const open_ = await Server.start(t);
  assert.equal((await fetch(`${open_.url}/admin`)).status, 404);
  const answer = await fetch(`${server.url}/admin`);
  const policy = answer.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'.*require-trusted-types-for 'script'/);
  assert.equal(policy, (await fetch(`${server.url}/`)).headers.get("content-security-policy"));
});

test("the chat and the admin page lead to each other, in one session", async (t) => {
  const [server] = await town(t);
  const page = await open(t, server);
  await signIn(page, "root");
  await page.getByRole("link", { name: "Admin" }).waitFor();
  await page.setViewportSize({ width: 320, height: 640 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByRole("link", { name: "Admin" }).click();
  await heading(page, "Overview").waitFor();
  await page.getByRole("link", { name: "Chat" }).click();
  await page.getByRole("navigation", { name: "Groups" }).waitFor();
  await page.goto(`${server.url}/admin#/users`);
  await button(page, "Sign out").click();
  await button(page, "Sign in").waitFor();
  assert.deepEqual(await page.evaluate(() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]), []);
});

test("the charts move when messages flow", async (t) => {
  const [server, , alice] = await town(t, "alice");
  const lobby = await group(server, alice, "lobby");
  const page = await openAdmin(t, server);
  const chart = (title) => page.getByRole("img", { name: new RegExp(`^${title}: `) });
  const says = async (title, pattern) => until(title, async () => pattern.test(await chart(title).getAttribute("aria-label")));
  await says("Connections", /: 1 now/);
  await says("Messages a second", /: 0 now/);
  const before = await chart("Messages a second").locator("path.line").getAttribute("d");
  const timer = setInterval(() => void send(server, lobby, alice, "again").catch(() => undefined), 50);
  t.after(() => clearInterval(timer));
  await says("Messages a second", /: [\d.]+ now/);
  await says("Messages a second", /: (?!0 )[\d.]+ now/);
  await says("Time of a commit", /p50 [\d.]+ ms, p99 [\d.]+ m?s now/);
  await says("Memory", /: [\d.]+ MiB now/);
  clearInterval(timer);
  assert.notEqual(await chart("Messages a second").locator("path.line").getAttribute("d"), before);
  await says("Messages a second", /: 0 now/);
  const stored = page.getByRole("definition").nth(4);
  assert.match(await stored.textContent(), /^[1-9]\d*$/);
});

test("a session is ended, and who was in it is back at the door", async (t) => {
  const [server] = await town(t);
  await server.user("bob");
  const his = await open(t, server);
  await signIn(his, "bob");
  const page = await openAdmin(t, server, "sessions");
  const session = row(page, "Sessions", "bob");
  await session.getByRole("cell", { name: "Chrome on Linux" }).waitFor();
  await button(session, "End session").click();
  await button(dialog(page), "Cancel").click();
  assert.equal(await session.count(), 1);
  await button(session, "End session").click();
  // Enter does not end it by itself: the way out has the focus.
  assert.equal(await dialog(page).locator(":focus").textContent(), "Cancel");
  await button(dialog(page), "End session").click();
  await until("the row to go", async () => (await session.count()) === 0);
  await his.getByRole("alert").filter({ hasText: "ended" }).waitFor();
  await button(his, "Sign in").waitFor();
  // The keyboard goes on where the row was.
  await until("the keyboard is at the heading", () => page.evaluate(() => document.activeElement.tagName === "H1"));
});

test("users are found, made admins and erased", async (t) => {
  const [server, , alice] = await town(t, "alice", "bob", HOSTILE);
  const lobby = await group(server, alice, "lobby");
  await send(server, lobby, alice, "hers");
  const page = await openAdmin(t, server, "users");
  await row(page, "Users", HOSTILE).waitFor();
  const search = page.getByRole("searchbox", { name: "Search users" });
  await search.fill("AL");
  await until("the others to go", async () => (await row(page, "Users", "bob").count()) === 0);
  await row(page, "Users", "alice").waitFor();
  await search.fill("nobody at all");
  await page.getByText("Nobody has a name").waitFor();
  await search.fill("");
  await button(row(page, "Users", "bob"), "Make admin").click();
  await button(dialog(page), "Make admin").click();
  await row(page, "Users", "bob admin").waitFor();
  await button(row(page, "Users", "bob"), "Take admin").click();
  await button(dialog(page), "Take admin").click();
  await button(row(page, "Users", "bob"), "Make admin").waitFor();
  await button(row(page, "Users", "root"), "Take admin").click();
  await button(dialog(page), "Take admin").click();
  await dialog(page).getByRole("alert").filter({ hasText: "last admin" }).waitFor();
  await page.keyboard.press("Escape");

  await row(page, "Users", "alice").getByRole("link", { name: "1 session of alice" }).click();
  await row(page, "Sessions", "alice").waitFor();
  await page.goBack();
  await button(row(page, "Users", "alice"), "Erase").click();
  await dialog(page).getByRole("checkbox").check();
  await button(dialog(page), "Erase").click();
  await until("her to be gone", async () => (await row(page, "Users", "alice").count()) === 0);
  await assert.rejects(server.ask("GET", "users/me", { token: alice.token }), /401/);
  await nav(page).getByRole("link", { name: "Groups" }).click();
  await row(page, "Groups", "lobby").waitFor();
});

test("a group is looked into, moderated and deleted", async (t) => {
  const [server, , alice, bob, carol] = await town(t, "alice", "bob", "carol");
  const lobby = await group(server, alice, HOSTILE, bob, carol);
  await send(server, lobby, bob, "harmless");
  await send(server, lobby, bob, `spam ${HOSTILE}`);
  const page = await openAdmin(t, server, "groups");
  await page.getByRole("link", { name: HOSTILE }).click();
  await heading(page, HOSTILE).waitFor();
  await button(row(page, "Members", "bob"), "Mute").click();
  await button(row(page, "Members", "bob"), "Unmute").waitFor();
  await assert.rejects(send(server, lobby, bob, "x"), /muted/);
  await button(row(page, "Members", "bob"), "Unmute").click();
  await button(row(page, "Members", "bob"), "Mute").waitFor();
  await button(row(page, "Members", "carol"), "Kick").click();
  await button(dialog(page), "Kick").click();
  await until("carol to be out", async () => (await row(page, "Members", "carol").count()) === 0);
  await button(row(page, "Members", "bob"), "Ban").click();
  await button(dialog(page), "Ban").click();
  await button(row(page, "Banned", "bob"), "Unban").waitFor();
  await assert.rejects(server.ask("PUT", `groups/${lobby.id}/members/${bob.id}`, { token: bob.token }), /banned/);
  await button(row(page, "Banned", "bob"), "Unban").click();
  await until("the ban to go", async () => (await page.getByRole("table", { name: "Banned" }).count()) === 0);

  const found = page.getByRole("article").filter({ hasText: "spam" });
  await until("the message to be found", async () => {
    await page.getByRole("searchbox", { name: "Search messages" }).fill("spam");
    await page.keyboard.press("Enter");
    await page.getByText(/found\.$/).waitFor();
    return (await found.count()) === 1;
  });
  assert.match(await found.textContent(), /spam <img src=x/);
  await button(page.getByRole("listitem").filter({ has: found }), "Delete").click();
  await button(dialog(page), "Delete").click();
  await until("the message to go", async () => (await found.count()) === 0);
  const messages = await server.ask("GET", `messages/?group_id=${lobby.id}`, { token: alice.token });
  assert.deepEqual(messages.map(({ content }) => content), ["harmless", ""]);

  await button(page.getByRole("main"), "Delete").click();
  await button(dialog(page), "Delete").click();
  await page.getByText("No group has a name").waitFor();
  await assert.rejects(server.ask("GET", `groups/${lobby.id}`, { token: alice.token }), /404/);
  assert.notEqual(await page.title(), "broken");
});

test("a key is made, shown once and revoked", async (t) => {
  const [server, , alice] = await town(t, "alice");
  const page = await openAdmin(t, server, "keys");
  await page.getByText("There are no keys.").waitFor();
  await button(page, "New key").click();
  await box(dialog(page), "Key name").fill(HOSTILE);
  await dialog(page).getByRole("combobox", { name: "It may" }).selectOption("write");
  await box(dialog(page), "User name").fill("nobody");
  await button(dialog(page), "Create").click();
  await dialog(page).getByRole("alert").filter({ hasText: "nobody named" }).waitFor();
  await box(dialog(page), "User name").fill("alice");
  await button(dialog(page), "Create").click();
  const token = await dialog(page).getByRole("textbox", { name: "Key", exact: true }).inputValue();
  assert.match(token, /^gck_/);
  assert.equal((await server.ask("GET", "users/me", { token })).id, alice.id);
  await button(dialog(page), "Done").click();
  const key = row(page, "Keys", HOSTILE);
  await key.getByRole("cell", { name: "write" }).waitFor();
  await key.getByRole("cell", { name: "alice" }).waitFor();
  assert.equal((await page.content()).includes(token), false);
  await page.reload();
  await button(key, "Revoke").click();
  await button(dialog(page), "Revoke").click();
  await page.getByText("There are no keys.").waitFor();
  await assert.rejects(server.ask("GET", "users/me", { token }), /401/);
});

test("settings are shown, and where they come from", async (t) => {
  const [server] = await town(t);
  const page = await openAdmin(t, server);
  await nav(page).getByRole("link", { name: "Settings" }).click();
  const rate = row(page, "Settings", "send-rate");
  await rate.getByRole("cell", { name: "1000" }).waitFor();
  await rate.getByRole("cell", { name: "command line" }).waitFor();
  await row(page, "Settings", "heartbeat").getByRole("cell", { name: "default" }).waitFor();
  assert.equal(await nav(page).getByRole("link", { name: "Settings" }).getAttribute("aria-current"), "page");
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing serious, and a phone is wide enough: ${colorScheme}`, async (t) => {
    const [server, root, alice, bob] = await town(t, "alice", "bob", "a-name-of-fifty-characters-which-is-all-it-may-be");
    const lobby = await group(server, alice, "a-group-with-a-name-that-does-not-fit-into-a-phone-whatever-one-does-about-it", bob);
    await server.ask("PUT", `groups/${lobby.id}/bans/${bob.id}`, { token: alice.token, body: { reason: "noise" } });
    await server.ask("POST", "admin/keys/", { token: root.token, body: { name: "watch", scope: "read", as: "server" } });
    const page = await open(t, server, { path: `/admin#setup=x`, colorScheme });
    await button(page, "Create account").waitFor();
    assert.deepEqual(await check(page), []);
    await button(page, "Sign in instead").click();
    assert.deepEqual(await check(page), []);
    await signIn(page, "root");
    const parts = ["overview", "users", "groups", `groups/${lobby.id}`, "sessions", "keys", "settings"];
    for (const width of [1280, 320]) {
      await page.setViewportSize({ width, height: 640 });
      for (const part of parts) {
        await page.goto(`${server.url}/admin#/${part}`);
        await until("the part to be there", async () => (await page.getByText("Loading …").count()) === 0);
        assert.deepEqual(await check(page), [], part);
        assert.ok((await page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector("main").scrollWidth))) <= width, part);
      }
      await page.goto(`${server.url}/admin#/keys`);
      await button(page, "New key").click();
      assert.deepEqual(await check(page), []);
      await page.keyboard.press("Escape");
      await until("the keyboard is where it was", () => page.evaluate(() => document.activeElement.textContent === "New key"));
      await page.goto(`${server.url}/admin#/users`);
      await button(row(page, "Users", "bob"), "Erase").click();
      assert.deepEqual(await check(page), []);
      await page.keyboard.press("Escape");
    }
  });
}
