import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { TOKEN_SUBPROTOCOL_PREFIX, type WatchRole } from "@tributary/protocol";

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

/** The secrets of a run. */
export interface Tokens {
  /** What joining and watching take; null: nothing, on an address that only this machine reaches. */
  readonly join: string | null;
  /** What steering takes; it opens everything else too. Null: nobody may steer. */
  readonly admin: string | null;
}

/** Who may talk to the server: checked on every request, before anything is answered. */
export class AccessRules {
  readonly #hosts: ReadonlySet<string>;
  readonly #joinDigest: Buffer | null;
  readonly #adminDigest: Buffer | null;

  /**
   * @param host the address listened on
   * @param further names it may be asked under beside its own; IPv6 addresses in brackets
   */
  constructor(host: string, tokens: Tokens, further: readonly string[] = []) {
    const every = host === "0.0.0.0" || host === "::";
    const names = every ? [...localAddresses(), ...localNames()] : [host.includes(":") ? `[${host}]` : host];
    this.#hosts = new Set([...LOOPBACK, ...names, ...further]);
    this.#joinDigest = tokens.join === null ? null : digest(tokens.join);
    this.#adminDigest = tokens.admin === null ? null : digest(tokens.admin);
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

  /** Whether the subprotocols of a worker's WebSocket request hold a token that lets it join. */
  subprotocolsAllowed(subprotocols: readonly string[]): boolean {
    const given = tokenAmong(subprotocols);
    return (
      this.#joinDigest === null || this.#isToken(given, this.#joinDigest) || this.#isToken(given, this.#adminDigest)
    );
  }

  /** What whoever offers these subprotocols may do as a watcher; null: not even watch. A wrong token is refused where none is needed, too. */
  watchRole(subprotocols: readonly string[]): WatchRole | null {
    const given = tokenAmong(subprotocols);
    if (this.#isToken(given, this.#adminDigest)) return "admin";
    if (this.#isToken(given, this.#joinDigest)) return "viewer";
    return given === undefined && this.#joinDigest === null ? "viewer" : null;
  }

  /** Whether a request with this Authorization could watch: a browser does not tell a page why it was refused a WebSocket. */
  mayWatch(request: IncomingMessage): boolean {
    const given = bearerOf(request);
    return this.watchRole(given === undefined ? [] : [TOKEN_SUBPROTOCOL_PREFIX + given]) !== null;
  }

  /** Whether a request's Authorization holds a token that lets it take programs and data. */
  bearerAllowed(request: IncomingMessage): boolean {
    const given = bearerOf(request);
    return (
      this.#joinDigest === null || this.#isToken(given, this.#joinDigest) || this.#isToken(given, this.#adminDigest)
    );
  }

  // Digests are of one length and are compared in constant time.
  #isToken(given: string | undefined, wanted: Buffer | null): boolean {
    return given !== undefined && wanted !== null && timingSafeEqual(digest(given), wanted);
  }
}

/** The token among the subprotocols of a WebSocket request, if there is one. */
export function tokenAmong(subprotocols: readonly string[]): string | undefined {
  const given = subprotocols.find((protocol) => protocol.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  return given?.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
}

function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer (\S+)$/.exec(request.headers.authorization ?? "")?.[1];
}

/** The subprotocols a WebSocket request offers. */
export function offeredSubprotocols(request: IncomingMessage): string[] {
  return (request.headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
