import { Api } from "./api.js";
import type { OwnGroup } from "./api-types.js";
import type { BackoffOptions } from "./backoff.js";
import type { Credentials } from "./credentials.js";
import { deferred } from "./deferred.js";
import type { Deferred } from "./deferred.js";
import { Emitter } from "./emitter.js";
import { isLogEntry } from "./entries.js";
import type { GroupId } from "./entries.js";
import { ClientError } from "./error.js";
import type { ClientEvents, SignedOut } from "./events.js";
import type { Ack, Answers, History, HistoryQuery, Presence, ReadAnswer } from "./frames.js";
import type { RemovalReason, Request, ServerFrame, Welcome } from "./frames.js";
import { identityOf } from "./identities.js";
import type { Identity } from "./identity.js";
import { Marker } from "./marker.js";
import { OpenGroup } from "./open-group.js";
import type { OpenOptions } from "./open-group.js";
import { Outbox } from "./outbox.js";
import type { OutboxOptions } from "./outbox.js";
import type { GroupRef, Position } from "./reader.js";
import { OwnGroups } from "./own-groups.js";
import { Rest, restUrlOf } from "./rest.js";
import type { FetchLike } from "./rest.js";
import { Session } from "./session.js";
import type { Disconnected } from "./session.js";
import type { Subscription } from "./subscription.js";
import { Subscriptions } from "./subscriptions.js";
import { randomUuid } from "./uuid.js";
import type { WebSocketClass } from "./websocket.js";

/** How a client connects, and what it may keep. */
export interface ConnectOptions {
  /** The socket's address, such as `wss://chat.example.com/ws`. */
  url: string;
  /** Where the REST interface is, for signing in. By default beside the socket, such as `https://chat.example.com/api/v1`. */
  restUrl?: string;
  /** The class of sockets. By default the global one, which Node has from version 22 on. */
  WebSocket?: WebSocketClass;
  /** Makes requests. By default the global one. */
  fetch?: FetchLike;
  /** Bounds of the time between attempts to connect, or to sign in. */
  backoff?: BackoffOptions;
  /** Bounds of the messages that wait to be acknowledged. */
  outbox?: OutboxOptions;
  /** How long an attempt to connect may take, in milliseconds. Default 10,000. */
  connectTimeoutMs?: number;
}

/** How a client connects, and as whom. */
export type ClientOptions = ConnectOptions & Credentials;

/** How a message is edited. */
export interface EditOptions {
  /** A name, unique among those of the user's messages and edits in the group for ever, at most 64 bytes. Default a random UUID. */
  clientId?: string;
}

/** How a message is sent. */
export interface SendOptions extends EditOptions {
  /** The message of the same group that it answers, by its `id`. */
  replyTo?: number;
}

/** A connection to a groupcast server that mends itself, and the groups that are read over it. */
export class Client {
  /** Questions to the REST interface. */
  readonly api: Api;
  /** The groups that the user belongs to. */
  readonly groups: OwnGroups;
  readonly #events = new Emitter<ClientEvents>();
  readonly #identity: Identity;
  readonly #session: Session;
  readonly #outbox: Outbox;
  readonly #marker: Marker;
  readonly #subscriptions: Subscriptions;
  readonly #open = new Map<GroupId, OpenGroup>();
  #first: Deferred<Welcome> | undefined;
  /** The newest; the connection it belongs to may be lost. */
  #welcome: Welcome | undefined;
  /** Those who wait for a connection. */
  #awaited: Deferred<void> | undefined;
  #isConnected = false;
  #closed: ClientError | undefined;
  #userId: number | undefined;
  #isSignedOut = false;

  constructor(options: ClientOptions) {
    const WebSocket = options.WebSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
    if (WebSocket === undefined) throw new TypeError("there is no global WebSocket; pass one as `WebSocket`");
    const { url, restUrl, backoff = {}, connectTimeoutMs = 10_000 } = options;
    // Called as a function of the global object, which browsers insist on.
    const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    const rest = (): Rest => new Rest(restUrl ?? restUrlOf(url), fetch);
    this.#identity = identityOf(options, { rest, backoff }, {
      tokens: (tokens) => this.#events.emit("tokens", tokens),
      renewed: (token) => this.#session.renewed(token),
      delayed: (error) => this.#events.emit("error", error),
      ended: (error) => this.#session.fail(error),
    });
    this.#session = new Session({ url, WebSocket, connectTimeoutMs }, this.#identity, backoff, {
      connected: (welcome) => this.#connected(welcome),
      received: (frame) => this.#received(frame),
      disconnected: (event) => this.#disconnected(event),
      failed: (error) => this.#events.emit("error", error),
    });
    this.#outbox = new Outbox(options.outbox ?? {}, this.#session);
    this.#marker = new Marker(this.#session, ({ group_id, seq }) => {
      this.#events.emit("read", { group_id, user_id: this.#userId!, seq });
    });
    this.api = new Api(rest, {
      token: () => this.accessToken(),
      id: async () => this.#userId ?? (await this.connect()).user.id,
    });
    this.groups = new OwnGroups({
      ownGroups: () => this.api.ownGroups(),
      open: (groupId, options, own) => this.#openAs(groupId, options, own),
      groupsMax: () => this.#welcome?.limits.groups ?? 0,
      failed: (error) => {
        if (error instanceof ClientError && error.code !== "closed") this.#events.emit("error", error);
      },
    });
    this.#subscriptions = new Subscriptions(this.#session, this, {
      read: (name, event) => this.#events.emit(name, event as never),
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
   * Reads a group, with a state that is kept right, and makes the user a member of it. Settles when the first page is listed. One that is
   * open already is not opened twice.
   */
  open(group: GroupRef, options: OpenOptions = {}): Promise<OpenGroup> {
    return this.#openAs(group, options, undefined);
  }

  /**
   * Sends a message to a group of which the user is a member. Settles when it is stored. What is not acknowledged is sent again after a
   * reconnect, and stored once. Rejects if the server refuses the message, if the outbox is full, and when the client is closed.
   */
  async send(groupId: GroupId, content: string, options: SendOptions = {}): Promise<Ack> {
    if (this.#closed) throw this.#closed;
    const { clientId: client_id = randomUuid(), replyTo } = options;
    const reply = replyTo === undefined ? {} : { reply_to: replyTo };
    return this.#outbox.send({ type: "send", group_id: groupId, content, client_id, ...reply });
  }

  /** Gives a message of the user's another content. Settles as `send` does, and is sent again as that is. */
  async edit(groupId: GroupId, messageId: number, content: string, options: EditOptions = {}): Promise<Ack> {
    if (this.#closed) throw this.#closed;
    const { clientId: client_id = randomUuid() } = options;
    return this.#outbox.send({ type: "edit", group_id: groupId, message_id: messageId, content, client_id });
  }

  /** Takes a message's content and reactions away, for ever. Settles as `send` does. */
  async deleteMessage(groupId: GroupId, messageId: number): Promise<Ack> {
    if (this.#closed) throw this.#closed;
    return this.#outbox.send({ type: "delete", group_id: groupId, message_id: messageId });
  }

  /** Adds a reaction of the user's to a message, or takes it back. Settles as `send` does. */
  async react(groupId: GroupId, messageId: number, emoji: string, on: boolean): Promise<Ack> {
    if (this.#closed) throw this.#closed;
    return this.#outbox.send({ type: "react", group_id: groupId, message_id: messageId, emoji, on });
  }

  /** Moves the user's mark in a group forward. Settles when that is stored; made again after a reconnect. */
  async markRead(groupId: GroupId, seq: number): Promise<ReadAnswer> {
    if (this.#closed) throw this.#closed;
    return this.#marker.move(groupId, seq);
  }

  /** Messages and changes that are not acknowledged yet. */
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

  /**
   * A token for requests of the application's own, such as those to the REST interface; renewed if it has ended. `undefined` if a name
   * is all that the server asks for. Rejects if the user is signed out.
   */
  accessToken(): Promise<string | undefined> {
    return this.#identity.token();
  }

  /** Ends the connection for good, but not the session. What was not acknowledged is given up. */
  close(): void {
    this.#end(new ClientError("closed", "the client was closed"));
    this.#session.stop();
  }

  /**
   * Closes the client, ends the session at the server and forgets its tokens. Rejects if the server could not be told, so that the session
   * may still be open there.
   */
  async logOut(): Promise<void> {
    this.close();
    try {
      await this.#identity.logOut();
    } finally {
      this.#signedOut({ reason: "logged_out" });
    }
  }

  #request<Type extends keyof Answers>(request: Request & { type: Type }): Promise<Answers[Type]> {
    const answer = deferred<Answers[Type]>();
    if (!this.#session.request(request, { done: answer.resolve, failed: answer.reject })) {
      answer.reject(this.#closed ?? new ClientError("disconnected", "there is no connection", { retry: true }));
    }
    return answer.promise;
  }

  async #openAs(group: GroupRef, options: OpenOptions, own: OwnGroup | undefined): Promise<OpenGroup> {
    const { position, page } = options;
    const subscription = await this.subscribe(group, position && { position });
    const { id } = subscription.group;
    const opened = this.#open.get(id);
    if (opened !== undefined) return opened.listed(page);
    const open = new OpenGroup(subscription, this.#userId!, options, {
      api: this.api,
      markRead: (groupId, seq) => this.markRead(groupId, seq),
      on: (name, listener) => this.on(name, listener),
      connection: () => this.#connection(),
      closed: () => {
        this.#open.delete(id);
        this.groups.closed(open);
      },
    });
    if (own) open.state.begin().own(own);
    this.groups.add(open);
    this.#open.set(id, open);
    return open.listed(page);
  }

  #connection(): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    if (this.#isConnected) return Promise.resolve();
    this.#awaited ??= deferred();
    return this.#awaited.promise;
  }

  #connected(welcome: Welcome): void {
    this.#userId ??= welcome.user.id;
    if (welcome.user.id !== this.#userId) {
      // What waits in the outbox would be sent in another's name.
      this.#session.fail(new ClientError("forbidden", "the new token is another user's"));
      return;
    }
    this.#welcome = welcome;
    this.#isConnected = true;
    this.#first?.resolve(welcome);
    this.#awaited?.resolve();
    this.#awaited = undefined;
    // Before the outbox, since subscribing makes the user a member.
    this.#subscriptions.connected();
    this.#outbox.connected();
    this.#marker.connected();
    this.groups.connected();
    this.#events.emit("connected", welcome);
  }

  #received(frame: ServerFrame): void {
    switch (frame.type) {
      case "message":
        if ("ephemeral" in frame) {
          this.#subscriptions.takeEphemeral(frame);
        } else {
          this.#subscriptions.take(frame);
        }
        break;
      case "error":
        this.#events.emit("error", ClientError.of(frame));
        break;
      case "unsubscribed":
        // Without a reason it answers a request that was given up.
        if (frame.reason !== undefined) {
          const { group_id, reason } = frame;
          this.#subscriptions.inTurn(group_id, () => this.#removed(group_id, reason));
        }
        break;
      case "added":
        this.groups.added();
        this.#events.emit("added", frame);
        break;
      case "expiring":
        this.#identity.expiring(frame.in_ms);
        break;
      case "read":
        // Without a user it answers a request that was given up.
        if ("user_id" in frame) this.#subscriptions.inTurn(frame.group_id, () => this.#events.emit("read", frame));
        break;
      case "joined":
      case "left":
      case "presence":
      case "typing":
      case "closing":
        // Each of these events carries what the frame of its name does.
        this.#events.emit(frame.type, frame as never);
        break;
      case "lagged":
      case "caught_up":
        this.#subscriptions.inTurn(frame.group_id, () => this.#events.emit(frame.type, frame));
        break;
      default:
        // What is none is an answer to a request that was given up, or from a newer server.
        if (isLogEntry(frame)) this.#subscriptions.take(frame);
        break;
    }
  }

  #removed(group_id: GroupId, reason: RemovalReason): void {
    this.#subscriptions.removed(group_id, reason);
    const message = reason === "deleted" ? "the group was deleted" : `no longer a member of the group: ${reason}`;
    const error = new ClientError("removed", message, { groupId: group_id, reason });
    this.#outbox.removed(group_id, error);
    this.#marker.removed(group_id, error);
    this.groups.removed(group_id);
    this.#events.emit("removed", { group_id, reason });
  }

  #disconnected(event: Disconnected): void {
    const { error } = event;
    this.#isConnected = false;
    if (error) this.#end(error);
    this.#events.emit("disconnected", event);
    const reason = error && this.#identity.reasonOf(error);
    if (reason) this.#signedOut({ reason, error });
  }

  #signedOut(event: SignedOut): void {
    if (this.#isSignedOut) return;
    this.#isSignedOut = true;
    this.#events.emit("signedOut", event);
  }

  #end(error: ClientError): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#identity.stop();
    this.#first?.reject(error);
    this.#subscriptions.fail(error);
    for (const open of this.#open.values()) open.stop();
    this.#outbox.fail(error);
    this.#marker.fail(error);
    this.groups.stop();
    this.#awaited?.reject(error);
  }
}
