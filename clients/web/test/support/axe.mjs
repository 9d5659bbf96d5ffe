// What a page is like for those who do not see it.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds that is serious. */
export async function check(page) {
  // In a world of its own, which the page's policy does not bind.
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send("Page.getFrameTree");
  const { executionContextId: contextId } = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  await client.send("Runtime.evaluate", { expression: axe, contextId });
  const expression = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then(({ violations }) => JSON.stringify(violations.map(({ id, impact, nodes }) => [id, impact, nodes.map(({ html, failureSummary }) => html + failureSummary)])))`;
  const { result } = await client.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
  return JSON.parse(result.value).filter(([, impact]) => impact === "serious" || impact === "critical");
}
