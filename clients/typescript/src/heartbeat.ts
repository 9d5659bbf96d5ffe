/**
 * Watches over a connection's silence. After one interval without a sign of life it asks for one, after another it
 * declares the connection dead: a browser does not tell that a network is gone.
 */
export class Heartbeat {
  readonly #intervalMs: number;
  readonly #ask: () => void;
  readonly #dead: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardAt = Date.now();
  #asked = false;

  constructor(intervalMs: number, ask: () => void, dead: () => void) {
    this.#intervalMs = intervalMs;
    this.#ask = ask;
    this.#dead = dead;
    this.#arm(intervalMs);
  }

  /** The peer gave a sign of life. */
  heard(): void {
    this.#heardAt = Date.now();
    this.#asked = false;
  }

  /** Watches no longer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  // One timer runs on, rather than a new one for each frame.
  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  #check(): void {
    const rest = this.#asked ? 0 : this.#heardAt + this.#intervalMs - Date.now();
    if (rest > 0) {
      this.#arm(rest);
    } else if (this.#asked) {
      this.#dead();
    } else {
      this.#asked = true;
      this.#arm(this.#intervalMs);
      this.#ask();
    }
  }
}
