import { isIPv6 } from "node:net";
import { hostname } from "node:os";
import { type CoordinatorOptions, localNames, type RunningCoordinator } from "@tributary/coordinator-app";
import { CommandError } from "../errors.ts";
import type { Options } from "../options.ts";
import { type AuthorityPage, serveAuthorityPage } from "./authority-page.ts";
import { certificateFolder, type ReachCertificates, reachCertificates } from "./certificate-store.ts";
import { type LanAddress, lanAddresses, outgoingAddress } from "./lan-addresses.ts";
import { mkcertFolder } from "./mkcert.ts";
import { ownCertificate } from "./own-certificate.ts";
import { reachLines } from "./reach-lines.ts";

/** Every address of this machine, of IPv4. */
const EVERY_ADDRESS = "0.0.0.0";
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"] as const;

/** How a coordinator is reached from beyond this machine, as the options ask for it. */
export interface Reach {
  /** What the coordinator is started with. */
  readonly coordinator: Pick<CoordinatorOptions, "host" | "tls" | "names" | "publicOrigin">;
  /**
   * Serves what devices need before they can join, and says how to join.
   * @param columns of the terminal; null: there is none
   */
  open(coordinator: RunningCoordinator, columns: number | null): Promise<OpenReach>;
}

/** A reach that is open. */
export interface OpenReach {
  /** For people: links, code, steps, and what is exposed. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/**
 * What `--lan`, `--cert` with `--key`, and `--domain` ask for.
 * @throws CommandError USAGE, CERTIFICATE_INVALID
 */
export async function reachOf(options: Options, now: Date): Promise<Reach> {
  const publicOrigin = originOf(options.domain);
  const own = ownCertificate(options.cert, options.key, now);
  const host = options.host ?? (options.lan ? EVERY_ADDRESS : undefined);
  if (options.lan && publicOrigin !== undefined) {
    throw new CommandError("USAGE", "--lan and --domain are two ways in", "Give one of them");
  }
  if (own !== null && host === undefined) {
    throw new CommandError("USAGE", "--cert has no use on this machine alone", "Add --lan, or --host ADDRESS");
  }
  const coordinator = {
    ...(host === undefined ? {} : { host }),
    ...(publicOrigin === undefined ? {} : { publicOrigin }),
  };
  if (own !== null) {
    const names = likeliestFirst(own.names, await outgoingAddress()).map(hostOf);
    const tls = { key: own.key, cert: own.cert };
    return { coordinator: { ...coordinator, tls, names }, open: (running, columns) => openPlain(running, columns) };
  }
  if (options.lan) return await lanReach(options, coordinator, now);
  return { coordinator, open: (running, columns) => openPlain(running, columns) };
}

async function lanReach(
  options: Options,
  coordinator: Pick<CoordinatorOptions, "host" | "publicOrigin">,
  now: Date,
): Promise<Reach> {
  const found = lanAddresses(await outgoingAddress());
  const listened = coordinator.host ?? EVERY_ADDRESS;
  const isEvery = listened === EVERY_ADDRESS || listened === "::";
  const addresses = isEvery ? found.map(({ address }) => address) : [listened];
  if (addresses.length === 0) {
    const remedy = "Connect it to one, or open a hotspot on a phone; tributary doctor lists other ways";
    throw new CommandError("CANNOT_CONNECT", "This machine is in no network", remedy);
  }
  const names = localNames();
  const machine = { names: [...names, "localhost"], addresses: [...addresses, ...LOOPBACK_ADDRESSES] };
  const certificates = await reachCertificates(machine, { folder: certificateFolder(), owner: hostname(), now });
  // Nobody listens on IPv6 at 0.0.0.0.
  const listening = listened === EVERY_ADDRESS ? addresses.filter((address) => !isIPv6(address)) : addresses;
  const hosts = [...listening, ...names].map(hostOf);
  return {
    coordinator: { ...coordinator, host: listened, tls: certificates.server, names: hosts },
    open: (running, columns) => openLan({ running, certificates, hosts, found, listened, options, columns }),
  };
}

interface LanOpening {
  readonly running: RunningCoordinator;
  readonly certificates: ReachCertificates;
  /** Names and addresses of this machine, the likeliest first. */
  readonly hosts: readonly string[];
  readonly found: readonly LanAddress[];
  readonly listened: string;
  readonly options: Options;
  readonly columns: number | null;
}

async function openLan(opening: LanOpening): Promise<OpenReach> {
  const { running, certificates, hosts, found, listened, options, columns } = opening;
  const { origin, port } = new URL(running.joinUrl);
  const page = await listeningPage(
    { ...certificates, joinAddress: `${origin}/join`, hosts },
    listened,
    options.port === undefined ? 0 : options.port + 1,
  );
  const lines = reachLines({
    joinUrl: running.joinUrl,
    localJoinUrl: running.localJoinUrl,
    pageUrl: `http://${hosts[0]}:${page.port}/`,
    otherOrigins: hosts.slice(1).map((host) => `https://${host}:${port}`),
    certificates,
    mkcert: mkcertFolder(),
    publicAddresses: found.filter(({ isPrivate }) => !isPrivate).map(({ address }) => address),
    columns,
  });
  return { lines, close: () => page.close() };
}

/** The port beside the coordinator's, where it is free; otherwise any. */
async function listeningPage(
  content: Parameters<typeof serveAuthorityPage>[0],
  host: string,
  port: number,
): Promise<AuthorityPage> {
  try {
    return await serveAuthorityPage(content, { host, port });
  } catch (error) {
    if (port === 0) throw error;
    return await serveAuthorityPage(content, { host, port: 0 });
  }
}

async function openPlain(running: RunningCoordinator, columns: number | null): Promise<OpenReach> {
  const { joinUrl, localJoinUrl } = running;
  const lines = joinUrl === localJoinUrl ? plainWords(joinUrl) : reachLines({ joinUrl, localJoinUrl, columns });
  return { lines, close: () => Promise.resolve() };
}

/** What a link of plain HTTP to another machine can and cannot do. */
function plainWords(joinUrl: string): string[] {
  const { protocol, hostname: host } = new URL(joinUrl);
  if (protocol === "https:" || isInternal(host)) return [];
  return [
    "  Workers of Node can join; browsers have a GPU on pages of https only: --lan brings that, tributary doctor knows other ways",
  ];
}

/** Names of a certificate, those of this machine's networks before its names for itself: the first one stands in links. */
function likeliestFirst(names: readonly string[], outgoing: string | null): string[] {
  const own = lanAddresses(outgoing).map(({ address }) => address);
  const rank = (name: string) =>
    own.includes(name) ? own.indexOf(name) : isInternal(name) ? own.length + 1 : own.length;
  return [...names].sort((a, b) => rank(a) - rank(b));
}

function isInternal(name: string): boolean {
  return name === "localhost" || LOOPBACK_ADDRESSES.some((address) => address === name);
}

/** `https://NAME` of `--domain`, which may be given with or without a scheme. */
function originOf(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const url = URL.parse(/^https?:\/\//.test(domain) ? domain : `https://${domain}`);
  if (url !== null && url.pathname === "/" && url.search === "" && url.hash === "") return url.origin;
  throw new CommandError("USAGE", `--domain is ${JSON.stringify(domain)}`, "Give a name, such as train.example.org");
}

/** As it stands in addresses and in the Host header. */
function hostOf(name: string): string {
  return isIPv6(name) ? new URL(`http://[${name}]`).hostname : name;
}
