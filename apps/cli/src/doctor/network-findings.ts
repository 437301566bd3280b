import { createServer } from "node:net";
import { authorityStanding, certificateFolder } from "../reach/certificate-store.ts";
import { lanAddresses, outgoingAddress } from "../reach/lan-addresses.ts";
import { mkcertFolder } from "../reach/mkcert.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

const DAY_MS = 86_400_000;
/** Days before its end from which an authority is spoken of. */
const SOON_DAYS = 30;

/** Whether servers can listen, and under which addresses others find this machine. */
export async function networkFindings(): Promise<Finding[]> {
  const [loopback, network] = [await listenError("127.0.0.1"), await listenError("0.0.0.0")];
  const found = lanAddresses(await outgoingAddress());
  const words = found.map(({ address, port, isPrivate }) => `${address} (${port}${isPrivate ? "" : ", not private"})`);
  return [
    loopback === null
      ? ok("loopback", "Ports can be listened on for this machine")
      : problem(
          "loopback",
          `No port of 127.0.0.1 can be listened on (${loopback})`,
          "See which sandbox or firewall forbids it",
        ),
    network === null
      ? ok("network", "Ports can be listened on for the network")
      : warning(
          "network",
          `No port of 0.0.0.0 can be listened on (${network})`,
          "Runs of this machine alone work; see which sandbox or firewall forbids it",
        ),
    found.length > 0
      ? ok("addresses", `Other devices find this machine at ${words.join(", ")}, unless a firewall stands between`)
      : warning("addresses", "This machine is in no network", "Connect it to one to have other devices join"),
  ];
}

/** How the certificates for `--lan` stand. */
export async function certificateFindings(now: Date): Promise<Finding[]> {
  const folder = certificateFolder();
  const mkcert = mkcertFolder();
  return [
    await authorityFinding(folder, now),
    ...(mkcert === null
      ? []
      : [
          ok(
            "mkcert",
            `mkcert's authority is in ${mkcert}: devices that trust it take --lan --cert and --key with a pair it made`,
          ),
        ]),
  ];
}

async function authorityFinding(folder: string, now: Date): Promise<Finding> {
  const name = "certificates";
  try {
    const standing = await authorityStanding(folder);
    if (standing === null) return ok(name, `No certificate authority yet; the first --lan makes one in ${folder}`);
    const { fingerprint, notAfter, isExposed } = standing;
    const words = `Certificate authority in ${folder}, good until ${notAfter.toISOString().slice(0, 10)}, SHA-256 ${fingerprint}`;
    if (isExposed)
      return warning(
        name,
        `${words}; others on this machine can read its key`,
        `chmod 600 ${folder}/*.pem, or delete the folder`,
      );
    if (notAfter.getTime() - now.getTime() < SOON_DAYS * DAY_MS) {
      return warning(name, words, "The next --lan makes a new one, which devices have to trust anew");
    }
    return ok(name, words);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return warning(name, why, `Delete ${folder}: the next --lan makes new ones, which devices have to trust anew`);
  }
}

/** Why a port of an address cannot be listened on; null: it can. */
function listenError(host: string): Promise<string | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(0, host, () => server.close(() => resolve(null)));
  });
}
