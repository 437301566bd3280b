import type { NetworkInterfaceInfo } from "node:os";
import { describe, expect, it } from "vitest";
import { lanAddresses } from "./lan-addresses.ts";

function info(address: string, internal = false): NetworkInterfaceInfo {
  const common = { address, netmask: "", mac: "", internal, cidr: null };
  return address.includes(":") ? { ...common, family: "IPv6", scopeid: 0 } : { ...common, family: "IPv4" };
}

const INTERFACES = {
  lo: [info("127.0.0.1", true), info("::1", true)],
  docker0: [info("172.17.0.1")],
  eth0: [info("10.0.0.5"), info("fe80::1"), info("2001:db8::5"), info("fd00::5")],
  wlan0: [info("192.168.1.20")],
};

describe("lanAddresses", () => {
  it("puts the address of the way out first, bridges to containers behind, and leaves out what does not last", () => {
    expect(lanAddresses("192.168.1.20", INTERFACES).map(({ address }) => address)).toEqual([
      "192.168.1.20",
      "10.0.0.5",
      "172.17.0.1",
      "fd00::5",
    ]);
  });

  it("tells private addresses from those that the Internet routes", () => {
    const found = lanAddresses(null, { eth0: [info("131.188.3.220"), info("172.16.0.1"), info("100.64.0.9")] });
    expect(found.map(({ address, isPrivate }) => [address, isPrivate])).toEqual([
      ["131.188.3.220", false],
      ["172.16.0.1", true],
      ["100.64.0.9", true],
    ]);
  });
});
