// People who chat.
import assert from "node:assert/strict";
import { test } from "node:test";

import { box, button, enter, enterGroup, link, message, open, say, status, until, useBrowser } from "./support/page.mjs";
import { Server } from "./support/server.mjs";

useBrowser();

test("an account is made, a group too, and two people chat", async (t) => {
  const server = await Server.start(t);
  const alice = await open(t, server);
  await box(alice, "User name").fill("nobody");
  await button(alice, "Enter").click();
  assert.match(await alice.getByRole("alert").textContent(), /nobody/);
  for (const [name, mail] of [["alice", "alice@example.com"]]) {
    await button(alice, "Create account").click();
    await box(alice, "User name").fill(name);
    await box(alice, "E-mail").fill(mail);
    await box(alice, "Password").fill("secret");
    await button(alice, "Create account").click();
  }
  await status(alice, "Connected").waitFor();
  await button(alice, "New group").click();
  await box(alice, "Group name").fill("lobby");
  await button(alice, "Create").click();
  await alice.getByRole("heading", { name: "lobby" }).waitFor();
  await say(alice, "Is somebody here?");

  const bob = await open(t, server);
  await button(bob, "Create account").click();
  await box(bob, "User name").fill("alice");
  await box(bob, "E-mail").fill("bob@example.com");
  await box(bob, "Password").fill("secret");
  await button(bob, "Create account").click();
  assert.match(await bob.getByRole("alert").textContent(), /taken/);
  await box(bob, "User name").fill("bob");
  await button(bob, "Create account").click();
  await link(bob, "lobby").click();
  await message(bob, "Is somebody here?").waitFor();
  await box(bob, "Message").pressSequentially("Yes");
  await alice.getByText("bob is typing").waitFor();
  await box(bob, "Message").press("Shift+Enter");
  await box(bob, "Message").pressSequentially("I am");
  await button(bob, "Send").click();
  await message(alice, "Yes\nI am").waitFor();
  await message(bob, "I am").getByRole("img", { name: "stored" }).waitFor();
  const members = alice.getByRole("complementary", { name: "Members" });
  await members.getByText("bob").waitFor();
  assert.equal((await members.getByText("2 online").count()) > 0, true);

  await alice.reload();
  await message(alice, "I am").waitFor();
});

test("edit, delete, react and reply by the keyboard", async (t) => {
  const server = await Server.start(t);
  const alice = await server.user("alice");
  const bob = await server.user("bob");
  const group = await server.group("lobby", alice);
  await server.send(group, alice, "Helo!");
  await server.send(group, alice, "to be deleted");
  const one = await enterGroup(t, server, "alice", "lobby");
  const other = await enterGroup(t, server, "bob", "lobby");
  await message(other, "Helo!").waitFor();

  await button(message(one, "Helo!"), "Edit").press("Enter");
  await until("the message is edited", () => one.evaluate(() => document.activeElement.value === "Helo!"));
  await one.keyboard.type(" No.");
  await one.keyboard.press("Escape");
  assert.equal(await message(one, "No.").count(), 0);
  await button(message(one, "Helo!"), "Edit").press("Enter");
  await one.keyboard.press("ControlOrMeta+a");
  await one.keyboard.type("Hello!");
  await one.keyboard.press("Enter");
  await message(other, "Hello!").getByText("(edited)").waitFor();

  await button(message(other, "Hello!"), "React").press("Enter");
  await other.keyboard.press("ArrowRight");
  await other.keyboard.press("Enter");
  const reaction = message(one, "Hello!").getByRole("button", { name: "❤️" });
  await reaction.waitFor();
  await reaction.press("Enter");
  await message(other, "Hello!").getByRole("button", { name: "❤️ 2" }).waitFor();

  await button(message(other, "Hello!"), "Reply").press("Enter");
  await until("one writes", () => other.evaluate(() => document.activeElement.getAttribute("aria-label") === "Message"));
  await other.keyboard.type("Hi, @al");
  await other.getByRole("option", { name: "alice" }).waitFor();
  await other.keyboard.press("Tab");
  await other.keyboard.type("nice to see you");
  await other.keyboard.press("Enter");
  await message(one, "nice to see you").locator(".mention.to-me").waitFor();
  const stored = await server.messages(group);
  assert.equal(stored.at(-1).reply_to, stored[0].id);
  assert.equal(stored.at(-1).content, "Hi, @alice nice to see you");
  assert.deepEqual(stored.at(-1).mentions, [alice.id]);

  await message(one, "Hello!").getByRole("button", { name: "1 answer" }).press("Enter");
  const thread = one.getByRole("complementary", { name: "Thread" });
  await thread.getByRole("textbox", { name: "Answer" }).fill("And you!");
  await thread.getByRole("textbox", { name: "Answer" }).press("Enter");
  await message(other, "And you!").waitFor();
  await message(other, "Hello!").getByRole("button", { name: "2 answers" }).waitFor();
  await button(thread, "Close thread").click();

  assert.equal(await button(message(other, "to be deleted"), "Delete").count(), 0);
  await button(message(one, "to be deleted"), "Delete").press("Enter");
  await one.keyboard.press("Enter");
  await message(one, "to be deleted").waitFor();
  await button(message(one, "to be deleted"), "Delete").press("Enter");
  await message(other, "This was deleted").waitFor();
  await until("the keyboard is where it was", () => message(one, "This was deleted").evaluate((article) => document.activeElement === article));
  assert.equal(await message(other, "to be deleted").count(), 0);
  assert.equal((await server.messages(group))[1].content, "");
  void bob;
});

test("names and contents stay text", async (t) => {
  const server = await Server.start(t);
  const markup = "<img src=x onerror=alert(1)>";
  const alice = await server.user(markup);
  const group = await server.group("<b>bold</b>", alice);
  await server.send(group, alice, `${markup}<script>alert(2)</script> javascript:alert(3) https://example.com/?a=<b>&c`);
  const page = await enterGroup(t, server, markup, "<b>bold</b>");
  const shown = message(page, "javascript:alert(3)");
  await shown.waitFor();
  assert.match(await shown.textContent(), /<script>alert\(2\)<\/script>/);
  assert.equal(await page.locator("main img, main script, main b").count(), 0);
  const [address] = await shown.getByRole("link").all();
  assert.equal(await address.getAttribute("href"), "https://example.com/?a=");
  assert.match(await address.getAttribute("rel"), /noopener/);
});

test("what is unread is counted, and a line stands above it", async (t) => {
  const server = await Server.start(t);
  const [alice, bob] = [await server.user("alice"), await server.user("bob")];
  const [lobby, other] = [await server.group("lobby", alice), await server.group("other", alice)];
  for (const group of [lobby, other]) await server.join(group, bob);
  const page = await open(t, server);
  await enter(page, "bob");
  await link(page, "other").click();
  await page.getByRole("heading", { name: "other" }).waitFor();
  await server.send(lobby, alice, "one");
  await server.send(lobby, alice, "two, @bob");
  const entry = link(page, /^lobby.*2 unread.*1 for you/);
  await entry.waitFor();
  await entry.click();
  await message(page, "two, @bob").waitFor();
  assert.equal(await page.getByRole("separator", { name: "New messages" }).count(), 1);
  await until("the count is gone", async () => (await link(page, /unread/).count()) === 0);
  await until("the title says nothing", async () => !/\(/.test(await page.title()));
});

test("those who may govern do", async (t) => {
  const server = await Server.start(t);
  const [alice, bob] = [await server.user("alice"), await server.user("bob")];
  const group = await server.group("lobby", alice);
  await server.join(group, bob);
  const owner = await enterGroup(t, server, "alice", "lobby");
  const member = await enterGroup(t, server, "bob", "lobby");
  const members = owner.getByRole("complementary", { name: "Members" });
  const act = async (name) => {
    await button(members, "More about bob").click();
    await button(members, name).click();
  };
  await act("Mute");
  await box(member, "Message").fill("mute?");
  await box(member, "Message").press("Enter");
  await member.getByText("Not sent").waitFor();
  await act("Unmute");
  await until("bob may send", async () => {
    await button(member, "Try again").click();
    return (await member.getByText("Not sent").count()) === 0;
  });
  await act("Make admin");
  await member.getByRole("complementary", { name: "Members" }).getByText("admin").waitFor();
  await act("Kick");
  await member.getByText("You were removed from this group.").waitFor();
  await button(member, "Join").click();
  // Who was away for less than the grace is not told of; who writes is seen.
  await say(member, "back");
  await act("Ban");
  await member.getByText("You were banned from this group.").waitFor();
  await button(member, "Join").click();
  await member.getByText(/banned|no such group/i).waitFor();
  await button(members, "Unban").click();
  await until("bob is in again", async () => {
    await button(member, "Join").click({ timeout: 500 }).catch(() => undefined);
    return box(member, "Message").isVisible();
  });
  await button(owner, "Settings").click();
  await box(owner, "Group name").fill("lounge");
  await box(owner, "Topic").fill("What we talk about");
  await button(owner, "Save").click();
  await member.getByRole("heading", { name: "lounge" }).waitFor();
  await member.getByText("What we talk about").waitFor();
  await button(members.last(), "Leave group").click();
  await button(owner, "Leave").click();
  await owner.getByText("Choose a group").waitFor();
});

test("two people have one private chat, however it is begun", async (t) => {
  const server = await Server.start(t);
  await server.user("alice");
  await server.user("bob");
  const alice = await open(t, server);
  await enter(alice, "alice");
  await button(alice, "New chat").click();
  await box(alice, "Person").fill("bo");
  await button(alice.getByRole("dialog"), "bob").click();
  await alice.getByRole("heading", { name: "bob" }).waitFor();
  await say(alice, "psst");
  const bob = await open(t, server);
  await enter(bob, "bob");
  await link(bob, "alice").click();
  await message(bob, "psst").waitFor();
  assert.equal((await server.ask("GET", "groups/")).length, 1);
});
