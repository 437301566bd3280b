import type { ReachCertificates } from "./certificate-store.ts";
import { qrLines } from "./qr-code.ts";
import { TRUST_STEPS } from "./trust-steps.ts";

/** What is told of a coordinator that others can reach. */
export interface ReachFacts {
  readonly joinUrl: string;
  readonly localJoinUrl: string;
  /** Columns of the terminal; null: there is none, and no code is drawn. */
  readonly columns: number | null;
  /** Plain page of the certificate; absent: devices need none. */
  readonly pageUrl?: string;
  readonly certificates?: ReachCertificates;
  /** Under which else it is reached. */
  readonly otherOrigins?: readonly string[];
  /** Folder of mkcert's authority, if there is one. */
  readonly mkcert?: string | null;
  /** Addresses of this machine that the Internet routes. */
  readonly publicAddresses?: readonly string[];
}

/** Lines for people: links, the code, the steps for devices, and what is exposed. */
export function reachLines(facts: ReachFacts, coloured = process.env.NO_COLOR === undefined): string[] {
  const { joinUrl, localJoinUrl, otherOrigins = [] } = facts;
  return [
    "",
    "Others join with this link; whoever has it can take part",
    `  ${joinUrl}`,
    ...codeLines(joinUrl, facts, coloured),
    `  on this machine   ${localJoinUrl}`,
    ...(otherOrigins.length === 0 ? [] : [`  other addresses   ${otherOrigins.join(" ")}`]),
    ...trustLines(facts, coloured),
    ...exposureLines(facts),
    "",
  ];
}

function codeLines(link: string, { columns }: ReachFacts, coloured: boolean): string[] {
  if (columns === null) return [];
  const lines = qrLines(link, coloured);
  // The count of modules is that of lines twice; escapes are not columns.
  const width = lines.length * 2;
  if (columns < width) return [`  (the QR code needs a terminal of ${width} columns; this one has ${columns})`];
  return ["", ...lines, ""];
}

function trustLines(facts: ReachFacts, coloured: boolean): string[] {
  const { pageUrl, certificates, mkcert } = facts;
  if (pageUrl === undefined || certificates === undefined) return [];
  const { fingerprint, folder, isNew, uncovered } = certificates;
  const steps = TRUST_STEPS.filter(({ isHandheld }) => isHandheld).flatMap(({ device, steps: words }) => [
    `       ${device}`,
    ...words.map((word, index) => `         ${index + 1}. ${word}`),
  ]);
  return [
    "",
    `Before a device joins for the first time, it has to trust this machine's certificate authority${isNew ? ", which is new" : ""}`,
    "  1. Bring the device into the same network, and open there",
    `       ${pageUrl}`,
    ...codeLines(pageUrl, facts, coloured),
    "  2. Compare the fingerprint it shows",
    `       SHA-256 ${fingerprint}`,
    "  3. Install the certificate; computers find their steps on that page",
    ...steps,
    "  4. Open the link at the top, or scan its code",
    `  Its key stays in ${folder}; it can vouch for local names and addresses only.`,
    ...(uncovered.length === 0
      ? []
      : [
          `  Not in the certificate: ${uncovered.join(", ")}. Delete that folder to have an authority for them; devices must trust that one anew.`,
        ]),
    ...(mkcert === undefined || mkcert === null
      ? []
      : [
          `  mkcert's authority is on this machine too (${mkcert}). Where devices trust that one already, use it instead:`,
          `       mkcert -cert-file lan.pem -key-file lan-key.pem ${new URL(pageUrl).hostname} localhost`,
          "       and start again with --lan --cert lan.pem --key lan-key.pem",
        ]),
  ];
}

function exposureLines({ joinUrl, pageUrl, publicAddresses = [] }: ReachFacts): string[] {
  const { origin } = new URL(joinUrl);
  return [
    "",
    "What others can reach",
    `  ${origin}   pages; the run, its data and its parameters only with the token of the link`,
    ...(pageUrl === undefined ? [] : [`  ${new URL(pageUrl).origin}   the certificate and these steps, nothing else`]),
    ...(publicAddresses.length === 0
      ? []
      : [
          `  Careful: ${publicAddresses.join(", ")} is no address of a private network. Unless a firewall stands before it, the whole Internet can ask here.`,
        ]),
  ];
}
