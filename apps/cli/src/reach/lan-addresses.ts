import { createSocket } from "node:dgram";
import { BlockList, isIPv6 } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** One address of this machine in a network. */
export interface LanAddress {
  readonly address: string;
  readonly family: "IPv4" | "IPv6";
  /** Name of the interface, such as eth0. */
  readonly port: string;
  /** Whether it belongs to a range that is not routed on the Internet. */
  readonly isPrivate: boolean;
}

/**
 * Ranges of networks that the Internet does not route. Sources: RFC 1918 (10/8, 172.16/12, 192.168/16), RFC 3927 (169.254/16), RFC 6598 (100.64/10, which
 * Tailscale uses too), RFC 4193 (fc00::/7), and loopback.
 */
export const PRIVATE_RANGES = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "169.254.0.0/16",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "fc00::/7",
  "::1/128",
] as const;

/** Interfaces between this machine and its own containers and virtual machines: nobody else is behind them. */
const VIRTUAL_INTERFACE = /^(docker|br-|veth|virbr|vmnet|vboxnet|lxc|podman|cni|vEthernet)/;

/** Documentation range of RFC 5737: never answered, and nothing is sent to it. */
const SOMEWHERE_ELSE = "203.0.113.1";

/** A test of addresses against ranges such as `10.0.0.0/8`. */
export function rangeTest(ranges: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", prefix = ""] = range.split("/");
    list.addSubnet(network, Number(prefix), isIPv6(network) ? "ipv6" : "ipv4");
  }
  return (address) => list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Whether an address lies in one of {@link PRIVATE_RANGES}. */
export const isPrivateAddress = rangeTest(PRIVATE_RANGES);

/**
 * Addresses by which other devices may reach this machine, the likeliest first: that of the way out, then real interfaces, then bridges to containers. Of IPv6
 * only those that stay: neither link-local ones, which need an interface's name beside them, nor global ones, which change every day.
 * @param outgoing the address that packets to elsewhere leave from; see {@link outgoingAddress}
 */
export function lanAddresses(
  outgoing: string | null,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): LanAddress[] {
  const found = Object.entries(interfaces).flatMap(([port, infos]) =>
    (infos ?? [])
      .filter(({ internal }) => !internal)
      .map(({ address, family }): LanAddress => {
        return { address, family, port, isPrivate: isPrivateAddress(address) };
      }),
  );
  const lasting = found.filter(({ family, isPrivate }) => family === "IPv4" || isPrivate);
  const rank = ({ address, family, port }: LanAddress) =>
    (address === outgoing ? 0 : 1) + (VIRTUAL_INTERFACE.test(port) ? 2 : 0) + (family === "IPv4" ? 0 : 4);
  return lasting.sort((a, b) => rank(a) - rank(b));
}

/** The address that packets to elsewhere leave from; null without a network. A UDP socket is bound to find out, and nothing is sent. */
export function outgoingAddress(): Promise<string | null> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    const done = (address: string | null) => {
      socket.close();
      resolve(address);
    };
    socket.once("error", () => done(null));
    socket.connect(9, SOMEWHERE_ELSE, () => done(socket.address().address));
  });
}
