import type { BackoffOptions } from "./backoff.js";
import { deferred } from "./deferred.js";
import type { Deferred } from "./deferred.js";
import { Emitter } from "./emitter.js";
import { ClientError } from "./error.js";
import type { ClientEvents } from "./events.js";
import type { Ack, Answers, GroupId, History, HistoryQuery, Presence, Request, ServerFrame, Welcome } from "./frames.js";
import { Outbox } from "./outbox.js";
import type { OutboxOptions } from "./outbox.js";
import type { GroupRef, Position } from "./reader.js";
import { Session } from "./session.js";
import type { Disconnected } from "./session.js";
import type { Subscription } from "./subscription.js";
import { Subscriptions } from "./subscriptions.js";
import { randomUuid } from "./uuid.js";
import type { WebSocketClass } from "./websocket.js";

/** How a client connects, and what it may keep. */
export interface ClientOptions {
  /** The socket's address, such as `wss://chat.example.com/ws`. */
  url: string;
  /** Who the user is. */
  username: string;
  /** The class of sockets. By default the global one, which Node has from version 22 on. */
  WebSocket?: WebSocketClass;
  /** Bounds of the time between attempts to connect. */
  backoff?: BackoffOptions;
  /** Bounds of the messages that wait to be acknowledged. */
  outbox?: OutboxOptions;
  /** How long an attempt to connect may take, in milliseconds. Default 10,000. */
  connectTimeoutMs?: number;
}

/** How a message is sent. */
export interface SendOptions {
  /** The message's name, unique among the sender's in the group for ever, at most 64 bytes. Default a random UUID. */
  clientId?: string;
}

/** A connection to a groupcast server that mends itself, and the groups that are read over it. */
export class Client {
  readonly #events = new Emitter<ClientEvents>();
  readonly #session: Session;
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  #first: Deferred<Welcome> | undefined;
  #closed: ClientError | undefined;

  constructor(options: ClientOptions) {
    const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
    if (WebSocket === undefined) throw new TypeError("there is no global WebSocket; pass one as `WebSocket`");
    const { url, username, connectTimeoutMs = 10_000 } = options;
    this.#session = new Session({ url, username, WebSocket, connectTimeoutMs }, options.backoff ?? {}, {
      connected: (welcome) => this.#connected(welcome),
      received: (frame) => this.#received(frame),
      disconnected: (event) => this.#disconnected(event),
    });
    this.#outbox = new Outbox(options.outbox ?? {}, this.#session);
    this.#subscriptions = new Subscriptions(this.#session, this, {
      message: (message) => this.#events.emit("message", message),
      reset: (reset) => this.#events.emit("reset", reset),
      failed: (error) => this.#events.emit("error", error),
    });
  }

  /** Adds a listener. Returns a function that removes it. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Connects, as often as it takes, and stays connected until `close`. Settles with the first success; rejects if the server
   * does not let the user in, or the client is closed. Nobody needs to wait for it: the events tell the same.
   */
  connect(): Promise<Welcome> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (!this.#first) {
      this.#session.start();
      this.#first = deferred();
      this.#first.promise.catch(() => undefined);
    }
    return this.#first.promise;
  }

  /**
   * Reads a group and makes the user a member of it. Without a position it begins with what comes next, with one behind that. Settles with
   * the server's answer, so not before there is a connection.
   */
  async subscribe(group: GroupRef, options: { position?: Position } = {}): Promise<Subscription> {
    if (this.#closed) throw this.#closed;
    return this.#subscriptions.open(group, options.position);
  }

  /**
   * Sends a message to a group of which the user is a member. Settles when it is stored. What is not acknowledged is sent again after a
   * reconnect, and stored once. Rejects if the server refuses the message, if the outbox is full, and when the client is closed.
   */
  async send(groupId: GroupId, content: string, options: SendOptions = {}): Promise<Ack> {
    if (this.#closed) throw this.#closed;
    return this.#outbox.send(groupId, content, options.clientId ?? randomUuid());
  }

  /** Messages that are not acknowledged yet. */
  get unacknowledged(): number {
    return this.#outbox.size;
  }

  /** Sends a message that is not stored, if there is a connection. It may be lost. */
  sendEphemeral(groupId: GroupId, content: string): void {
    this.#session.notify({ type: "send", group_id: groupId, content, ephemeral: true });
  }

  /** Tells the other members whether the user types, if there is a connection. */
  typing(groupId: GroupId, on: boolean): void {
    this.#session.notify({ type: "typing", group_id: groupId, on });
  }

  /** Asks for stored messages in ascending `seq`: the newest, or those before or after a place. Rejects without a connection. */
  async history(groupId: GroupId, query: HistoryQuery = {}): Promise<History> {
    return this.#request({ type: "history", group_id: groupId, ...query });
  }

  /** Asks who is online in a group. Rejects without a connection. */
  async presence(groupId: GroupId): Promise<Presence> {
    return this.#request({ type: "presence", group_id: groupId });
  }

  /** Ends the connection for good. What was not acknowledged is given up. */
  close(): void {
    this.#end(new ClientError("closed", "the client was closed"));
    this.#session.stop();
  }

  #request<Type extends keyof Answers>(request: Request & { type: Type }): Promise<Answers[Type]> {
    const answer = deferred<Answers[Type]>();
    if (!this.#session.request(request, { done: answer.resolve, failed: answer.reject })) {
      answer.reject(this.#closed ?? new ClientError("disconnected", "there is no connection", { retry: true }));
    }
    return answer.promise;
  }

  #connected(welcome: Welcome): void {
    this.#first?.resolve(welcome);
    // Before the outbox, since subscribing makes the user a member.
    this.#subscriptions.connected();
    this.#outbox.connected();
    this.#events.emit("connected", welcome);
  }

  #received(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        this.#subscriptions.take(frame);
        break;
      case "error":
        this.#events.emit("error", ClientError.of(frame));
        break;
      case "joined":
      case "left":
      case "presence":
      case "typing":
      case "lagged":
      case "caught_up":
      case "closing":
        // Each of these events carries what the frame of its name does.
        this.#events.emit(frame.type, frame as never);
        break;
      default:
        // An answer to a request that was given up.
        break;
    }
  }

  #disconnected(event: Disconnected): void {
    if (event.reconnectInMs === undefined) {
      this.#end(event.error ?? new ClientError("unauthenticated", event.reason || "the server refused the user"));
    }
    this.#events.emit("disconnected", event);
  }

  #end(error: ClientError): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#first?.reject(error);
    this.#subscriptions.fail(error);
    this.#outbox.fail(error);
  }
}
