import assert from "node:assert/strict";

import { ClientError } from "groupcast-client";

/** How long anything may take before a test calls it a failure, in milliseconds; far above what any machine needs. */
const PATIENCE_MS = 60_000;

/** Waits until a condition holds. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const start = Date.now();
  while (!holds()) {
    if (Date.now() - start > PATIENCE_MS) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for a promise. */
export async function patiently<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a promise to fail with this code. */
export async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  const isIt = (error: unknown): boolean => error instanceof ClientError && error.code === code;
  await assert.rejects(patiently(`the error ${code}`, promise), isIt);
}
