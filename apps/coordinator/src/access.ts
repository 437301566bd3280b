import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { TOKEN_SUBPROTOCOL_PREFIX } from "@tributary/protocol";

/** Names of this machine for itself. */
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Whether only this machine reaches a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return ["127.0.0.1", "localhost", "::1"].includes(host);
}

/** Addresses of this machine in its networks, IPv4 first. */
export function localAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal }) => !internal);
  const version4 = outside.filter(({ family }) => family === "IPv4").map(({ address }) => address);
  return [...version4, ...outside.filter(({ family }) => family === "IPv6").map(({ address }) => `[${address}]`)];
}

/** Names of this machine in its networks: its own, and the one that multicast DNS (RFC 6762) gives it. */
export function localNames(): string[] {
  const name = hostname().toLowerCase();
  return [...new Set([name, `${name.split(".", 1)[0]}.local`])];
}

/** Who may talk to the server: checked on every request, before anything is answered. */
export class AccessRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #tokenDigest: Buffer | null;

  /**
   * @param host the address listened on @param token null: whoever reaches the address may join
   * @param further names it may be asked under beside its own; IPv6 addresses in brackets
   */
  constructor(host: string, token: string | null, further: readonly string[] = []) {
    const every = host === "0.0.0.0" || host === "::";
    const names = every ? [...localAddresses(), ...localNames()] : [host.includes(":") ? `[${host}]` : host];
    this.#hosts = new Set([...LOOPBACK, ...names, ...further]);
    this.#tokenDigest = token === null ? null : digest(token);
  }

  /**
   * Whether the Host header names this server: a page of another site that had its name point here would give its own
   * (DNS rebinding).
   */
  hostAllowed(request: IncomingMessage): boolean {
    const host = request.headers.host?.toLowerCase();
    return host !== undefined && this.#hosts.has(host.replace(/:\d+$/, ""));
  }

  /**
   * Whether a browser's Origin is this server's own; other programs send none. A page of http is never one of a server of https;
   * the other way round it is, because a proxy in front may add TLS.
   */
  originAllowed(request: IncomingMessage): boolean {
    const { origin, host } = request.headers;
    if (origin === undefined || origin === `https://${host}`) return true;
    return origin === `http://${host}` && !("encrypted" in request.socket);
  }

  /** Whether the subprotocols of a WebSocket request hold the token. */
  subprotocolsAllowed(subprotocols: readonly string[]): boolean {
    const given = subprotocols.find((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
    return this.#tokenAllowed(given?.slice(TOKEN_SUBPROTOCOL_PREFIX.length));
  }

  /** Whether a request's Authorization holds the token. */
  bearerAllowed(request: IncomingMessage): boolean {
    return this.#tokenAllowed(/^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1]);
  }

  // Digests are of one length and are compared in constant time.
  #tokenAllowed(given: string | undefined): boolean {
    if (this.#tokenDigest === null) return true;
    return given !== undefined && timingSafeEqual(digest(given), this.#tokenDigest);
  }
}

/** The subprotocols a WebSocket request offers. */
export function offeredSubprotocols(request: IncomingMessage): string[] {
  return (request.headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
