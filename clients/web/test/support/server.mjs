// A server as its users know it: a process, on a database of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = process.env.GROUPCAST_BIN ?? fileURLToPath(new URL("../../../../target/debug/groupcast", import.meta.url));

export class Server {
  #folder;
  #options;
  #process;
  #port = "0";
  #log = "";
  #users = 0;

  /** Starts one, with these options, that ends with the test. */
  static async start(t, ...options) {
    const server = new Server();
    server.#options = options;
    server.#folder = await mkdtemp(join(tmpdir(), "groupcast-web-"));
    t.after(async () => {
      await server.kill();
      await rm(server.#folder, { recursive: true });
    });
    await server.restart();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it on the same database and the same port. */
  async restart() {
    const env = { PATH: process.env.PATH, DATABASE_URL: `sqlite:${join(this.#folder, "chat.sqlite")}` };
    const args = ["--port", this.#port, ...this.#options];
    this.#process = spawn(PROGRAM, args, { cwd: this.#folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#process.stderr.on("data", (text) => (this.#log += text));
    const [line] = await once(createInterface(this.#process.stdout), "line");
    this.#port = /http:\/\/[^:]+:(\d+)/.exec(line)[1];
  }

  /** The secret of the link in the log with which the first admin is made. */
  async setupSecret() {
    for (;;) {
      const [, secret] = /#setup=([\w-]+)/.exec(this.#log) ?? [];
      if (secret) return secret;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Makes the first admin, and returns them with a token. */
  async admin(username) {
    const registration = { username, email: `${username}@example.com`, password: `${username} secret` };
    await this.ask("POST", "setup/", { body: { token: await this.setupSecret(), ...registration } });
    return this.signIn(username);
  }

  /** Begins a session, and returns its user with a token. */
  async signIn(username) {
    const { user, access_token: token } = await this.ask("POST", "sessions/", { body: { username, password: `${username} secret` } });
    return { ...user, token };
  }

  /** Ends it at once, as a crash would. */
  async kill() {
    const child = this.#process;
    this.#process = undefined;
    if (!child) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async ask(method, path, { body, token } = {}) {
    const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${this.url}/api/v1/${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Creates a user, and returns them. */
  user(username) {
    const email = `user${(this.#users += 1)}@example.com`;
    return this.ask("POST", "users/", { body: { username, email, password: `${username} secret` } });
  }

  /** Creates a public group that belongs to this user, and returns it. */
  group(name, owner) {
    return this.ask("POST", "groups/", { body: { name, is_private: false, user_id: owner.id } });
  }

  /** Makes a user a member. */
  join(group, user) {
    return this.ask("PUT", `groups/${group.id}/members/${user.id}?user_id=${user.id}`, { body: {} });
  }

  send(group, user, content, more = {}) {
    return this.ask("POST", "messages/", { body: { group_id: group.id, user_id: user.id, content, ...more } });
  }

  messages(group) {
    return this.ask("GET", `messages/?group_id=${group.id}&limit=100000`);
  }
}
