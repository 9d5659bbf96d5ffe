import { ClientError } from "./error.js";
import { parseFrame, requestOf, SUBPROTOCOL } from "./frames.js";
import type { Answers, Request, RequestId, ServerFrame, Welcome } from "./frames.js";
import { Heartbeat } from "./heartbeat.js";
import type { Hello } from "./identity.js";
import type { Link, Reply } from "./link.js";
import type { WebSocketClass, WebSocketLike } from "./websocket.js";

/** Where and how to connect. */
export interface ConnectionOptions {
  url: string;
  WebSocket: WebSocketClass;
  /** How long the opening may take up to `welcome`, in milliseconds. */
  connectTimeoutMs: number;
}

/** How a connection ended. */
export interface Loss {
  /** The close code; 1006 if it broke. */
  code: number;
  reason: string;
  /** Why the server refused `hello`, or takes its token no longer. */
  refusal: ClientError | undefined;
}

/** Who is told what happens. */
export interface ConnectionHandler {
  /** The server knows the user; requests can be made. */
  welcomed(welcome: Welcome): void;
  /** A frame that answers no request. */
  received(frame: ServerFrame): void;
  /** It is over. Called last, once, unless the connection was closed from here. */
  lost(loss: Loss): void;
}

const BROKEN = 1006;

const LONE_SURROGATE = /\p{Surrogate}/u;

const encoder = new TextEncoder();

/** The life of one socket, from its opening to its end. */
export class Connection implements Link {
  readonly #socket: WebSocketLike;
  readonly #handler: ConnectionHandler;
  readonly #replies = new Map<RequestId, Reply<never>>();
  readonly #opening: ReturnType<typeof setTimeout>;
  #requests = 0;
  #frameBytesMax = Infinity;
  #heartbeat: Heartbeat | undefined;
  #refusal: ClientError | undefined;
  #isOver = false;

  constructor(options: ConnectionOptions, hello: Hello, handler: ConnectionHandler) {
    this.#handler = handler;
    const socket = new options.WebSocket(options.url, SUBPROTOCOL);
    this.#socket = socket;
    this.#opening = setTimeout(() => this.#break("no welcome in time"), options.connectTimeoutMs);
    socket.addEventListener("open", () => this.#hello(hello));
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", ({ code, reason }) => this.#end({ code, reason, refusal: this.#refusal }));
    // What is wrong is not told, and a close follows; but without a listener it would be thrown.
    socket.addEventListener("error", () => undefined);
  }

  request<Type extends keyof Answers>(request: Request & { type: Type }, reply: Reply<Answers[Type]>): boolean {
    if (this.#isOver) return false;
    this.#requests += 1;
    const id = this.#requests;
    const frame = JSON.stringify({ ...request, id });
    const refusal = this.#refusalOf(request, frame);
    if (refusal) {
      reply.failed(refusal);
      return true;
    }
    this.#replies.set(id, reply as Reply<never>);
    this.#socket.send(frame);
    return true;
  }

  /** Sends what has no answer. Does nothing if the connection is lost. */
  notify(request: Request): void {
    if (!this.#isOver) this.#socket.send(JSON.stringify(request));
  }

  /** Closes it. The handler is not told; requests under way fail with `closed`. */
  close(): void {
    this.#finish(new ClientError("closed", "the client was closed"));
    this.#socket.close(1000);
  }

  #hello(hello: Hello): void {
    if (this.#isOver) return;
    this.request(
      { type: "hello", ...hello },
      {
        done: (welcome) => {
          clearTimeout(this.#opening);
          this.#frameBytesMax = welcome.limits.frame_bytes;
          const ask = (): void => this.notify({ type: "ping" });
          this.#heartbeat = new Heartbeat(welcome.heartbeat_ms, ask, () => this.#break("no sign of life"));
          this.#handler.welcomed(welcome);
        },
        failed: (error) => {
          if (error.code !== "disconnected" && error.code !== "closed") {
            this.#refusal = error;
            this.#break(error.message);
          }
        },
      },
    );
  }

  #take(data: unknown): void {
    if (this.#isOver) return;
    this.#heartbeat?.heard();
    const frame = parseFrame(data);
    if (frame === undefined || frame.type === "pong") return;
    const id = requestOf(frame);
    const reply = id === undefined ? undefined : this.#replies.get(id);
    if (id === undefined || reply === undefined) {
      if (frame.type === "error" && frame.code === "unauthenticated") {
        // A close follows, which is handled.
        this.#refusal = ClientError.of(frame);
      } else {
        this.#handler.received(frame);
      }
      return;
    }
    this.#replies.delete(id);
    if (frame.type === "error") {
      reply.failed(ClientError.of(frame));
    } else {
      reply.done(frame as never);
    }
  }

  /** Why the server could not take a frame, or not say whose it is: then it is not sent, now or after a reconnect. */
  #refusalOf(request: Request, frame: string): ClientError | undefined {
    if (Object.values(request).some((value) => typeof value === "string" && LONE_SURROGATE.test(value))) {
      return new ClientError("bad_frame", "half of a surrogate pair is no text");
    }
    // A UTF-16 unit is at most three bytes of UTF-8, which spares most frames the counting.
    const max = this.#frameBytesMax;
    if (frame.length * 3 > max && encoder.encode(frame).length > max) {
      return new ClientError("too_large", "the frame is longer than the server allows");
    }
    return undefined;
  }

  /** Gives it up without waiting for the peer, which may be out of reach. */
  #break(reason: string): void {
    this.#end({ code: BROKEN, reason, refusal: this.#refusal });
    this.#socket.close();
  }

  #end(loss: Loss): void {
    if (this.#isOver) return;
    this.#finish(new ClientError("disconnected", "the connection was lost", { retry: true }));
    this.#handler.lost(loss);
  }

  #finish(error: ClientError): void {
    this.#isOver = true;
    clearTimeout(this.#opening);
    this.#heartbeat?.stop();
    for (const reply of this.#replies.values()) reply.failed(error);
    this.#replies.clear();
  }
}
