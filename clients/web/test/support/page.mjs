// A person at a browser.
import assert from "node:assert/strict";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

let browser;

/** One browser for the tests of a file. */
export function useBrowser() {
  before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  });
  after(() => browser.close());
}

/** Opens the page in a browser of its own. The test fails if the page fails, or asks anybody but its server. */
export async function open(t, server, { path = "/", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error.stack)));
  page.on("console", (message) => {
    if (message.type() === "error" && /Content.Security|Trusted|Refused to/i.test(message.text())) faults.push(message.text());
  });
  context.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== "data:" && origin !== server.url) faults.push(`a request to ${request.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  await page.goto(server.url + path);
  return page;
}

/** The parts of the page, by their accessible names. */
export const box = (page, name) => page.getByRole("textbox", { name });
export const button = (at, name) => at.getByRole("button", { name, exact: true });
export const link = (page, name) => page.getByRole("navigation", { name: "Groups" }).getByRole("link", { name });
export const message = (page, text) => page.getByRole("log", { name: "Messages" }).getByRole("article").filter({ hasText: text });
export const status = (page, text) => page.getByRole("status").filter({ hasText: text });

/** Comes in under a name. */
export async function enter(page, name) {
  await box(page, "User name").fill(name);
  await button(page, "Enter").click();
  await status(page, "Connected").waitFor();
}

/** Signs in. */
export async function signIn(page, name) {
  await box(page, "User name").fill(name);
  await box(page, "Password").fill(`${name} secret`);
  await button(page, "Sign in").click();
  await status(page, "Connected").waitFor();
}

/** Comes in under a name, and opens a group. */
export async function enterGroup(t, server, name, group, options) {
  const page = await open(t, server, options);
  await enter(page, name);
  await link(page, group).click();
  await page.getByRole("heading", { name: group }).waitFor();
  return page;
}

/** Writes a message and sends it. */
export async function say(page, text) {
  await box(page, "Message").fill(text);
  await box(page, "Message").press("Enter");
  await message(page, text).waitFor();
}

/** Waits until something holds. */
export async function until(what, holds, ms = 30_000) {
  const end = Date.now() + ms;
  let last;
  while (Date.now() < end) {
    last = await holds();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not in time`);
}
