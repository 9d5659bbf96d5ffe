import { createHmac } from "node:crypto";

import { SECRET_KEY } from "./server.js";

/** What is in an access token: `sub`, `sid`, `exp` and others. */
export type Claims = Record<string, unknown>;

/** What an access token says. */
export function claimsOf(accessToken: string): Claims {
  return JSON.parse(Buffer.from(accessToken.split(".")[1]!, "base64url").toString()) as Claims;
}

/** An access token as the server would have made it (RFC 7519, HS256). */
export function sign(claims: Claims): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${content}.${createHmac("sha256", SECRET_KEY).update(content).digest("base64url")}`;
}

/** The same token, but that it ends in so many seconds. */
export function endingIn(seconds: number, accessToken: string): string {
  return sign({ ...claimsOf(accessToken), exp: Math.floor(Date.now() / 1_000) + seconds });
}
