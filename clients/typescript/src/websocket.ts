/** What the client needs of a WebSocket. Those of browsers, of Node from version 22 on and of the package `ws` have it. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number; reason: string }) => void): void;
}

/** A class of WebSockets. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;
