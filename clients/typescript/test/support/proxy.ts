import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";

import type { Random } from "./random.js";

/**
 * A network that fails: each connection is cut, in either direction and in the middle of a frame as likely as not, when a random
 * number of bytes has passed.
 */
export class Proxy {
  readonly #listener: Server;
  readonly #random: Random;
  readonly #bytesMax: number;
  /** The port that it leads to. */
  target: number;
  /** Connections that were cut so far. */
  cuts = 0;

  private constructor(listener: Server, target: number, random: Random, bytesMax: number) {
    this.#listener = listener;
    this.target = target;
    this.#random = random;
    this.#bytesMax = bytesMax;
    listener.on("connection", (client) => this.#lead(client));
  }

  /** A network on which no connection carries more than `bytesMax` bytes. */
  static async listen(target: number, random: Random, bytesMax: number): Promise<Proxy> {
    const listener = createServer().listen(0, "127.0.0.1");
    await once(listener, "listening");
    return new Proxy(listener, target, random, bytesMax);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#listener.address() as AddressInfo).port}/ws`;
  }

  close(): void {
    this.#listener.close();
  }

  #lead(client: Socket): void {
    const server = connect(this.target, "127.0.0.1");
    let rest = this.#random.below(this.#bytesMax);
    for (const [from, to] of [[client, server] as const, [server, client] as const]) {
      from.on("data", (bytes) => {
        const part = bytes.subarray(0, rest);
        rest -= part.length;
        to.write(part);
        if (part.length < bytes.length) {
          this.cuts += 1;
          // What was written is still to arrive.
          to.end();
          from.destroy();
        }
      });
      from.on("error", () => undefined);
      from.on("close", () => to.destroySoon());
    }
  }
}
