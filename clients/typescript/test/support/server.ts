import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { TestContext } from "node:test";

import { patiently } from "./until.js";

const PROGRAM =
  process.env["GROUPCAST_BIN"] ?? fileURLToPath(new URL("../../../../target/debug/groupcast", import.meta.url));

/** What its tokens are signed with. */
export const SECRET_KEY = "a key that only the tests of the client know";

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
    const args = ["--port", "0", ...this.#options];
    const child = spawn(PROGRAM, args, { ...this.#surroundings, stdio: ["ignore", "pipe", "inherit"] });
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

  /** Makes an API key while the server is stopped, and starts it again. */
  async key(name: string, ...options: string[]): Promise<string> {
    await this.kill();
    const { stdout } = await promisify(execFile)(PROGRAM, ["key", "add", name, ...options], this.#surroundings);
    await this.restart();
    return stdout.trim();
  }

  /** Makes a request to the REST interface, and returns what was answered; with a status of 400 or more it fails. */
  async request(method: string, path: string, token: string | undefined, body?: object): Promise<unknown> {
    const headers = { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(`http://${this.#address}/api/v1/${path}`, init);
    const text = await answer.text();
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Creates a user and returns its number. */
  async user(username: string): Promise<number> {
    return this.#create("users", { username, email: `${username}@example.com`, password: "secret" }, undefined);
  }

  /** Creates a public group, which belongs to the user of the token, and returns its number. */
  async group(name: string, token?: string): Promise<number> {
    return this.#create("groups", { name, is_private: false }, token);
  }

  /** Creates a public group that belongs to a user, where names are believed, and returns its number. */
  async groupOf(user_id: number, name: string): Promise<number> {
    return this.#create("groups", { name, is_private: false, user_id }, undefined);
  }

  /** All messages of a group. */
  async messages(group: number, token?: string): Promise<object[]> {
    return (await this.request("GET", `messages/?group_id=${group}&limit=1000000`, token)) as object[];
  }

  /** Where and with what a program of the server's runs. */
  get #surroundings(): { cwd: string; env: Record<string, string> } {
    const database = `sqlite:${join(this.#folder, "chat.sqlite")}`;
    return { cwd: this.#folder, env: { DATABASE_URL: database, JWT_SECRET_KEY: SECRET_KEY } };
  }

  async #create(path: string, body: object, token: string | undefined): Promise<number> {
    return ((await this.request("POST", `${path}/`, token, body)) as { id: number }).id;
  }
}
