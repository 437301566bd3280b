import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { TRUST_STEPS } from "./trust-steps.ts";

/** Path of the authority's certificate. */
const AUTHORITY_PATH = "/ca.crt";

/** What the page of the certificate shows; all of it may be known to everybody. */
export interface AuthorityPageContent {
  /** PEM. */
  readonly authority: string;
  /** SHA-256 of the authority's certificate. */
  readonly fingerprint: string;
  /** Where the coordinator is, without a token: its join page. */
  readonly joinAddress: string;
  /** Names and addresses that the page may be asked under, IPv6 addresses in brackets. */
  readonly hosts: readonly string[];
}

/** A server of the page that listens. */
export interface AuthorityPage {
  readonly port: number;
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 256;
const REQUEST_TIMEOUT_MS = 5_000;
const CONNECTION_CHECK_MS = 2_000;
const HEADER_BYTES_MAX = 8_192;

const STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem}code{overflow-wrap:anywhere}" +
  "a.take{display:inline-block;padding:.75rem 1.25rem;border:2px solid;border-radius:.5rem;font-weight:bold}:root{color-scheme:light dark}";

const HEADERS = {
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
} as const;

/**
 * Serves over plain HTTP the certificate of the authority and the steps to trust it, and nothing else: a device that does not trust it yet cannot ask over HTTPS.
 * @param port 0: a free one @throws the error of listening
 */
export async function serveAuthorityPage(
  content: AuthorityPageContent,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<AuthorityPage> {
  const hosts = new Set(["127.0.0.1", "localhost", "[::1]", ...content.hosts]);
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CONNECTION_CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    (request, response) => answer(content, hosts, request, response),
  );
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, host, port);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

function answer(
  content: AuthorityPageContent,
  hosts: ReadonlySet<string>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const reply = (status: number, type: string, body: string) => {
    response.writeHead(status, { ...HEADERS, "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  };
  const host = request.headers.host?.toLowerCase().replace(/:\d+$/, "") ?? "";
  const path = (request.url ?? "/").split("?", 1)[0];
  if (!hosts.has(host)) reply(421, "text/plain", "This server has another name\n");
  else if (request.method !== "GET" && request.method !== "HEAD") reply(405, "text/plain", "Only GET and HEAD\n");
  else if (path === "/") reply(200, "text/html; charset=utf-8", pageOf(content));
  // Shown, not attached: that is how an iPhone offers to install it as a profile.
  else if (path === AUTHORITY_PATH) reply(200, "application/x-x509-ca-cert", content.authority);
  else reply(404, "text/plain", "There is nothing here\n");
}

function pageOf({ fingerprint, joinAddress }: AuthorityPageContent): string {
  const devices = TRUST_STEPS.map(
    ({ device, steps }) =>
      `<h3>${escaped(device)}</h3>\n<ol>${steps.map((step) => `<li>${escaped(step)}</li>`).join("")}</ol>`,
  ).join("\n");
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Trust this coordinator</title><style>${STYLE}</style></head>
<body>
<h1>Trust this coordinator</h1>
<p>Browsers give a page the GPU only over HTTPS. The coordinator you want to join made a certificate of its own; this device has to trust it once.</p>
<h2>1. Compare</h2>
<p>The person who runs the coordinator sees this fingerprint in the terminal. If theirs differs in a single digit, stop here.</p>
<p>SHA-256 <code>${escaped(fingerprint)}</code></p>
<h2>2. Install</h2>
<p><a class="take" href="${AUTHORITY_PATH}">Take the certificate</a></p>
${devices}
<h2>3. Join</h2>
<p>Scan the code in the terminal, or open the whole link that you were given; it begins with <code>${escaped(joinAddress)}</code></p>
<h2>Afterwards</h2>
<p>The certificate can vouch for nothing but machines in local networks. Remove it in the same place once you are done.</p>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
