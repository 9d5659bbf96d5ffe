/** Bounds of the time between attempts, in milliseconds. */
export interface BackoffOptions {
  /** Upper bound of the first wait. Default 500. */
  firstMs?: number;
  /** Upper bound of any wait. Default 30,000. */
  maxMs?: number;
}

/**
 * How long to wait before the next attempt: exponential backoff with full jitter.
 *
 * The n-th wait is drawn evenly from 0 to `firstMs` doubled n-1 times, and that bound is at most `maxMs`. So clients that
 * lost their connections together do not come back together.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions = {}, random: () => number = Math.random) {
    this.#firstMs = options.firstMs ?? 500;
    this.#maxMs = options.maxMs ?? 30_000;
    this.#random = random;
  }

  /** The next wait, in milliseconds. */
  next(): number {
    const bound = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return this.#random() * bound;
  }

  /** Starts again from the first bound. */
  reset(): void {
    this.#attempts = 0;
  }
}
