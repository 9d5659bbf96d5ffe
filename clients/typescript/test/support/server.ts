import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import type { TestContext } from "node:test";

import { patiently } from "./until.js";

const PROGRAM =
  process.env["GROUPCAST_BIN"] ?? fileURLToPath(new URL("../../../../target/debug/groupcast", import.meta.url));

/** The server as its users know it: a process, on a database of its own. */
export class Server {
  readonly #folder: string;
  readonly #options: string[];
  #process: ChildProcess | undefined;
  #address = "";

  private constructor(folder: string, options: string[]) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Starts one, with these options, that ends with the test. */
  static async start(t: TestContext, ...options: string[]): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "groupcast-client-"));
    const server = new Server(folder, options);
    t.after(async () => {
      await server.kill();
      await rm(folder, { recursive: true });
    });
    await server.restart();
    return server;
  }

  /** `host:port`, another one after each start. */
  get address(): string {
    return this.#address;
  }

  get port(): number {
    return Number(this.#address.split(":")[1]);
  }

  /** The address of the socket. */
  get url(): string {
    return `ws://${this.#address}/ws`;
  }

  /** Starts it on the same database, with the same options. */
  async restart(): Promise<void> {
    const env = { DATABASE_URL: `sqlite:${join(this.#folder, "chat.sqlite")}` };
    const args = ["--port", "0", ...this.#options];
    const child = spawn(PROGRAM, args, { cwd: this.#folder, env, stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    const [line] = (await patiently("the server", once(createInterface(child.stdout), "line"))) as [string];
    this.#address = /http:\/\/(\S+)/.exec(line)![1]!;
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    this.#process = undefined;
    child.kill("SIGKILL");
    await patiently("the end of a killed server", once(child, "exit"));
  }

  /** Creates a user and returns its number. */
  async user(username: string): Promise<number> {
    return this.#create("users", { username, email: `${username}@example.com`, password: "secret" });
  }

  /** Creates a public group and returns its number. */
  async group(name: string): Promise<number> {
    return this.#create("groups", { name, is_private: false });
  }

  /** All messages of a group. */
  async messages(group: number): Promise<object[]> {
    const answer = await fetch(`http://${this.#address}/api/v1/messages/?group_id=${group}&limit=1000000`);
    return (await answer.json()) as object[];
  }

  async #create(path: string, body: object): Promise<number> {
    const headers = { "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(`http://${this.#address}/api/v1/${path}/`, request);
    return ((await answer.json()) as { id: number }).id;
  }
}
