import type { IncomingMessage, ServerResponse } from "node:http";
import { BLOB_PATH, JOIN_PATH } from "@tributary/protocol";
import type { PageFile, Pages } from "./pages.ts";

/** What the server serves over HTTP; everything is in memory when it starts. */
export interface ServedContent {
  /** Programs, manifest and shards, by SHA-256. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly run: string;
  /** What is shown of the run to whoever asks: nothing that would let a stranger take data, and names of workers only to those who may watch. */
  readonly description: (trusted: boolean) => Readonly<Record<string, unknown>>;
  /** Built pages, by path; empty where they were not built. */
  readonly pages: Pages;
  /** Stands in for a page that was not built: HTML without script. */
  readonly page: string;
}

// The one policy for Trusted Types is the browser app's own: it lets only files under /assets/ start a thread. WebAssembly is
// what the wasm backend compiles programs to. A thread is under the policy of its own script's answer, so every answer has it.
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types tributary-threads",
].join("; ");

/** What no page here needs; a device that computes may be kept awake by the page's own wish. */
const DENIED_FEATURES = [
  ...["accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer"],
  ...["microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking"],
];

/** For what is named by a hash of its content. */
const IMMUTABLE = "public, max-age=31536000, immutable";

const SECURITY_HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": [...DENIED_FEATURES.map((name) => `${name}=()`), "screen-wake-lock=(self)"].join(", "),
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
    else reply(request, response, 200, "application/octet-stream", bytes, IMMUTABLE);
    return;
  }
  if (path === "/runs" || path === `/runs/${content.run}`) {
    const json = JSON.stringify(path === "/runs" ? [content.description(trusted)] : content.description(trusted));
    reply(request, response, 200, "application/json", `${json}\n`);
    return;
  }
  const file = content.pages.get(path);
  if (file !== undefined) replyPage(request, response, file);
  else if (path === "/" || path === JOIN_PATH) reply(request, response, 200, "text/html; charset=utf-8", content.page);
  else reply(request, response, 404, "text/plain", "There is nothing here\n");
}

/** Answers with a status and one line of text. */
export function replyText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  reply(request, response, status, "text/plain", `${text}\n`);
}

/** A built page or file, in the smallest coding that the browser takes. */
function replyPage(request: IncomingMessage, response: ServerResponse, file: PageFile): void {
  const caching = {
    ETag: file.etag,
    "Cache-Control": file.immutable ? IMMUTABLE : "no-store",
    Vary: "Accept-Encoding",
  };
  if (request.headers["if-none-match"] === file.etag) {
    response.writeHead(304, { ...SECURITY_HEADERS, ...caching });
    response.end();
    return;
  }
  const { bytes, coding } = codedFor(request.headers["accept-encoding"] ?? "", file);
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    ...caching,
    "Content-Type": file.type,
    "Content-Length": bytes.byteLength,
    ...(coding === null ? {} : { "Content-Encoding": coding }),
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function codedFor(accepted: string, { bytes, brotli, gzip }: PageFile): { bytes: Uint8Array; coding: string | null } {
  // A coding with q=0 is one that is refused (RFC 9110, 12.5.3).
  const takes = (coding: string) =>
    new RegExp(`(^|,)\\s*${coding}\\s*(;\\s*q=(?!0(\\.0*)?\\s*(,|$))|,|$)`).test(accepted);
  if (brotli !== null && takes("br")) return { bytes: brotli, coding: "br" };
  if (gzip !== null && takes("gzip")) return { bytes: gzip, coding: "gzip" };
  return { bytes, coding: null };
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
