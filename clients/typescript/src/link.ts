import type { ClientError } from "./error.js";
import type { Answers, Request } from "./frames.js";

/** The wait before a refused request is made again if the server names none, in milliseconds. */
export const RETRY_MS = 1_000;

/** The longest wait that the server can ask for, in milliseconds. */
export const SERVER_WAIT_MS_MAX = 600_000;

/** Takes the outcome of a request; exactly one of the two is called, once. */
export interface Reply<Answer> {
  done(answer: Answer): void;
  /** With the code `disconnected` if the connection was lost before the answer. */
  failed(error: ClientError): void;
}

/** A way to the server that may be down at times. */
export interface Link {
  /** Sends a request. Returns false, and calls nobody, if there is no connection. */
  request<Type extends keyof Answers>(request: Request & { type: Type }, reply: Reply<Answers[Type]>): boolean;
}
