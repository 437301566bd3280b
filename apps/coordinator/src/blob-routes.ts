import type { IncomingMessage, ServerResponse } from "node:http";
import { BLOB_PATH, JOIN_PATH } from "@tributary/protocol";

/** What the server serves over HTTP; everything is in memory when it starts. */
export interface ServedContent {
  /** Programs, manifest and shards, by SHA-256. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly run: string;
  /** What is shown of the run to whoever asks: nothing that would let a stranger take data. */
  readonly description: () => Readonly<Record<string, unknown>>;
  /** Page for people, HTML without script. */
  readonly page: string;
}

const SECURITY_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
} as const;

/** Answers one request; only GET and HEAD, only paths that are known. @param trusted whether it brought the token, if there is one */
export function serveContent(
  content: ServedContent,
  trusted: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    reply(request, response, 405, "text/plain", "Only GET and HEAD are answered\n");
    return;
  }
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  if (path.startsWith(BLOB_PATH)) {
    if (!trusted) {
      reply(request, response, 401, "text/plain", "The token is missing or wrong\n");
      return;
    }
    const bytes = content.blobs.get(path.slice(BLOB_PATH.length));
    if (bytes === undefined) reply(request, response, 404, "text/plain", "There is no such blob\n");
    else reply(request, response, 200, "application/octet-stream", bytes, "public, max-age=31536000, immutable");
    return;
  }
  if (path === "/runs" || path === `/runs/${content.run}`) {
    const json = JSON.stringify(path === "/runs" ? [content.description()] : content.description());
    reply(request, response, 200, "application/json", `${json}\n`);
    return;
  }
  if (path === "/" || path === JOIN_PATH) reply(request, response, 200, "text/html; charset=utf-8", content.page);
  else reply(request, response, 404, "text/plain", "There is nothing here\n");
}

/** Answers with a status and one line of text. */
export function replyText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  reply(request, response, status, "text/plain", `${text}\n`);
}

function reply(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  caching = "no-store",
): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const headers = {
    ...SECURITY_HEADERS,
    "Content-Type": type,
    "Content-Length": bytes.byteLength,
    "Cache-Control": caching,
  };
  response.writeHead(status, headers);
  response.end(request.method === "HEAD" ? undefined : bytes);
}
