import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { json } from "node:stream/consumers";

import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

import { until } from "./until.js";

type Frame = Record<string, unknown> & { type: string; id?: number };

/** A connection to a peer, seen from the peer. */
export class PeerSocket {
  readonly #socket: WebSocket;
  readonly frames: Frame[] = [];
  isClosed = false;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as Frame));
    socket.on("close", () => (this.isClosed = true));
  }

  /** Takes the next frame of a type out of those that came, those before it too. */
  async expect(type: string): Promise<Frame> {
    const index = (): number => this.frames.findIndex((frame) => frame.type === type);
    await until(`a frame ${type}`, () => index() >= 0);
    return this.frames.splice(0, index() + 1).at(-1)!;
  }

  /** Answers `hello`. */
  async welcome(heartbeat_ms = 60_000, user_id = 1): Promise<void> {
    const { id } = await this.expect("hello");
    const limits = { content_bytes: 1_000, frame_bytes: 2_000, groups: 10 };
    this.send({ type: "welcome", id, connection_id: "c", user: { id: user_id, username: "alice" }, heartbeat_ms, limits });
  }

  /** Answers `subscribe`, and returns it. */
  async subscribed(head_seq: number, epoch = "e"): Promise<Frame> {
    const frame = await this.expect("subscribe");
    const group = { id: 7, name: "lobby", is_private: false };
    const after = frame["after"] ?? head_seq;
    this.send({ type: "subscribed", id: frame.id, group, group_id: 7, epoch, head_seq, after });
    return frame;
  }

  /** Sends the messages of the group with these places. */
  messages(...places: number[]): void {
    for (const seq of places) this.send({ type: "message", ...message(seq) });
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Sends what the work sends in one piece. */
  async together(work: () => Promise<void>): Promise<void> {
    const stream = (this.#socket as unknown as { _socket: Socket })._socket;
    stream.cork();
    await work();
    stream.uncork();
  }

  close(code: number): void {
    this.#socket.close(code);
  }
}

/** A request to a peer. */
export class PeerRequest {
  readonly #response: ServerResponse;
  /** Method and path. */
  readonly line: string;
  readonly authorization: string | undefined;
  readonly body: Record<string, unknown>;

  constructor(request: IncomingMessage, response: ServerResponse, body: Record<string, unknown>) {
    this.#response = response;
    this.line = `${request.method} ${request.url}`;
    this.authorization = request.headers.authorization;
    this.body = body;
  }

  answer(status: number, body?: object, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, headers).end(body && JSON.stringify(body));
  }

  /** Answers with the n-th pair of a session, whose access token lives for so many seconds. */
  pair(n: number, expires_in = 3_600): void {
    this.answer(200, { access_token: `a${n}`, refresh_token: `r${n}`, token_type: "bearer", expires_in });
  }

  /** Lets the network fail. */
  cut(): void {
    this.#response.destroy();
  }
}

/** The message with this place in the group 7. */
export function message(seq: number): object {
  const time = "2026-01-01T00:00:00.000000Z";
  const names = { user_id: 2, username: "bob", group_id: 7, group_name: "lobby" };
  return { id: 100 + seq, seq, content: `m${seq}`, ...names, created_at: time };
}

/** The other end of the wire, which says what a test wants it to: situations that a server can not be asked for. */
export class Peer {
  readonly #server: Server;
  readonly #webSockets: WebSocketServer;
  readonly #sockets: PeerSocket[] = [];
  readonly requests: PeerRequest[] = [];
  #taken = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.#webSockets = new WebSocketServer({ server });
    this.#webSockets.on("connection", (socket) => this.#sockets.push(new PeerSocket(socket)));
    server.on("request", (request, response) => void this.#take(request, response));
  }

  static async listen(): Promise<Peer> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Peer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ws`;
  }

  /** Connections so far. */
  get count(): number {
    return this.#sockets.length;
  }

  /** The next connection that was not asked for before. */
  async accept(): Promise<PeerSocket> {
    await until("a connection", () => this.#sockets.length > this.#taken);
    this.#taken += 1;
    return this.#sockets[this.#taken - 1]!;
  }

  /** The next request that was not asked for before, which is this one. */
  async request(line: string): Promise<PeerRequest> {
    await until("a request", () => this.requests.length > 0);
    const request = this.requests.shift()!;
    assert.equal(request.line, line);
    return request;
  }

  close(): void {
    for (const client of this.#webSockets.clients) client.terminate();
    this.#webSockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = request.method === "POST" ? ((await json(request)) as Record<string, unknown>) : {};
    this.requests.push(new PeerRequest(request, response, body));
  }
}
