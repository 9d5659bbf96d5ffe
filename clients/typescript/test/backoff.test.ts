import assert from "node:assert/strict";
import { test } from "node:test";

// Not part of the interface: from its own file.
import { Backoff } from "../dist/backoff.js";

test("the bound of the wait doubles up to the highest", () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 1_000 }, () => 1);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => backoff.next()), [100, 200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  assert.equal(backoff.next(), 100);
});

test("the wait is anything from nothing to the bound", () => {
  assert.equal(new Backoff({}, () => 0).next(), 0);
  assert.equal(new Backoff({}, () => 0.5).next(), 250);
});

test("no number of attempts exceeds the bound", () => {
  const backoff = new Backoff({}, () => 1);
  for (let count = 0; count < 5_000; count += 1) backoff.next();
  assert.equal(backoff.next(), 30_000);
});
