import { randomBytes } from "node:crypto";
import { JOIN_PATH } from "@tributary/protocol";
import { AccessRules, isLoopback, localAddresses, type Tokens } from "./access.ts";
import { type RunningServer, type ServerOptions, startServer, type TlsIdentity } from "./server.ts";

/** Where a coordinator is to be reached. */
export interface Reach {
  /** Address to listen on. Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** Default 0: a free one. */
  readonly port?: number;
  /** What joining takes. Default: none on this machine alone, otherwise a random one of 128 bits. */
  readonly token?: string;
  /** What steering takes: pause, checkpoint, stop, learning rate. Default: a random one of 128 bits. */
  readonly adminToken?: string;
  /**
   * Given: HTTPS and wss on `host`. Beside it plain HTTP on 127.0.0.1 alone, on a port of its own, where browsers of this machine need no
   * certificate and workers of this machine no encryption.
   */
  readonly tls?: TlsIdentity;
  /** Names and addresses that it may be asked under beside its own, IPv6 addresses in brackets. The first one stands in its links. */
  readonly names?: readonly string[];
  /** Where a tunnel or a proxy shows it to others, such as `https://train.example.org`; then joining takes a token on any host. */
  readonly publicOrigin?: string;
}

/** Links to a coordinator. */
export interface Links {
  /** Holds no secret. */
  readonly url: string;
  /** What a worker opens; holds the token, if there is one. */
  readonly joinUrl: string;
  /** The same within this machine: past a proxy, and plain HTTP on loopback where there is TLS to the outside. */
  readonly localJoinUrl: string;
  /** The dashboard on this machine, with the admin token behind `#`: for whoever started the run, and nobody else. */
  readonly dashboardUrl: string;
}

/** What is answered, wherever somebody asks. */
export type Served = Pick<ServerOptions, "content" | "onSocket" | "onWatcher" | "onWrongTokens">;

/** Servers that listen. */
export interface Listening extends Links {
  close(): Promise<void>;
}

const LOOPBACK_HOST = "127.0.0.1";
const TOKEN_BYTES = 16;

/** Listens where it is asked to. @throws CoordinatorAppError CANNOT_BIND */
export async function listen(reach: Reach, served: Served): Promise<Listening> {
  const { host = LOOPBACK_HOST, port = 0, tls, names = [], publicOrigin } = reach;
  const tokens = tokensOf(reach);
  const further = publicOrigin === undefined ? names : [...names, new URL(publicOrigin).hostname];
  const access = new AccessRules(host, tokens, further);
  const servers = [await startServer({ ...served, host, port, access, ...(tls && { tls }) })];
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    if (tls !== undefined) servers.push(await listenOnLoopback(served, tokens));
  } catch (error) {
    await close();
    throw error;
  }
  const [outer, inner] = servers;
  const path = `${JOIN_PATH}${tokens.join === null ? "" : `#t=${tokens.join}`}`;
  const ownOrigin = `${tls === undefined ? "http" : "https"}://${names[0] ?? shownHost(host)}:${outer?.port}`;
  const localOrigin = inner === undefined ? ownOrigin : `http://${LOOPBACK_HOST}:${inner.port}`;
  const url = publicOrigin ?? ownOrigin;
  const dashboardUrl = `${localOrigin}/#a=${tokens.admin}`;
  return { url, joinUrl: `${url}${path}`, localJoinUrl: `${localOrigin}${path}`, dashboardUrl, close };
}

function tokensOf({ host = LOOPBACK_HOST, tls, publicOrigin, token, adminToken }: Reach): Tokens {
  const random = () => randomBytes(TOKEN_BYTES).toString("base64url");
  const isOpen = tls !== undefined || publicOrigin !== undefined || !isLoopback(host);
  return { join: token ?? (isOpen ? random() : null), admin: adminToken ?? random() };
}

/** A second server beside that with TLS, for what runs on this machine. */
function listenOnLoopback(served: Served, tokens: Tokens): Promise<RunningServer> {
  return startServer({ ...served, host: LOOPBACK_HOST, port: 0, access: new AccessRules(LOOPBACK_HOST, tokens) });
}

/** How people reach a server that listens on `host`. */
function shownHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return localAddresses()[0] ?? LOOPBACK_HOST;
  return host.includes(":") ? `[${host}]` : host;
}
