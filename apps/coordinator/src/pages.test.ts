import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AccessRules } from "./access.ts";
import { type Pages, readPages } from "./pages.ts";
import { type RunningServer, startServer } from "./server.ts";

const SCRIPT = `console.log("${"tributary ".repeat(200)}")`;

/** What is read of a folder of built pages, with things in it that are none; the folder is gone afterwards. */
async function builtPages(more: Readonly<Record<string, string | Uint8Array>> = {}): Promise<Pages> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-pages-"));
  await mkdir(join(folder, "assets", "deeper"), { recursive: true });
  const files = {
    "index.html": "<!doctype html><title>dashboard</title>",
    "join.html": "<!doctype html><title>join</title>",
    "assets/join-1a2b.js": SCRIPT,
    "assets/theme-3c4d.css": "p{}",
    ".sources": "secret",
    "assets/.hidden.js": "secret",
    "assets/notes.txt": "secret",
    "assets/deeper/more.js": "secret",
    ...more,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const pages = await readPages(folder);
  await rm(folder, { recursive: true });
  return pages;
}

describe("readPages", () => {
  it("[pages] takes the files of known types, and nothing else", async () => {
    const pages = await builtPages();
    expect([...pages.keys()]).toEqual(["/", "/join", "/assets/join-1a2b.js", "/assets/theme-3c4d.css"]);
    expect([...pages.values()].map(({ type, immutable }) => [type.split(";")[0], immutable])).toEqual([
      ["text/html", false],
      ["text/html", false],
      ["text/javascript", true],
      ["text/css", true],
    ]);
  });

  it("[pages] takes what was compressed when the pages were built, and compresses the rest", async () => {
    const script = "assets/join-1a2b.js";
    const made = (await builtPages()).get(`/${script}`);
    expect(brotliDecompressSync(made?.brotli ?? "").toString()).toBe(SCRIPT);
    const brotli = brotliCompressSync(SCRIPT, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
    const taken = await builtPages({ [`${script}.br`]: brotli });
    expect([...taken.keys()]).toEqual([...(await builtPages()).keys()]);
    expect(taken.get(`/${script}`)?.brotli).toEqual(brotli);
    expect(taken.get(`/${script}`)?.gzip).toEqual(made?.gzip);
    expect(brotli).not.toEqual(made?.brotli);
  });

  it("[pages] has a compressed form only of what becomes smaller by it, and another tag for other bytes", async () => {
    const [first, second] = [
      await builtPages(),
      await builtPages({ "join.html": "<!doctype html><title>other</title>" }),
    ];
    const style = first.get("/assets/theme-3c4d.css");
    expect([style?.brotli, style?.gzip]).toEqual([null, null]);
    expect(second.get("/")?.etag).toBe(first.get("/")?.etag);
    expect(second.get("/join")?.etag).not.toBe(first.get("/join")?.etag);
    expect(first.get("/join")?.etag).toMatch(/^"[\w-]{22}"$/);
  });

  it("[pages] takes no file of more than 4 MiB, and no more than 256 files", async () => {
    const large = await builtPages({ "large.js": new Uint8Array(4 * 1024 * 1024 + 1) });
    expect(large.has("/large.js")).toBe(false);
    const many = Array.from({ length: 260 }, (_, index): [string, string] => [`page-${index}.css`, "p{}"]);
    expect((await builtPages(Object.fromEntries(many))).size).toBe(256);
  });

  it("[pages] is empty where nothing is built", async () => {
    expect(await readPages(join(tmpdir(), "tributary-pages-that-are-not-there"))).toEqual(new Map());
  });
});

describe("what a server serves to browsers", () => {
  let built: RunningServer;
  let bare: RunningServer;
  const start = (pages: Pages) =>
    startServer({
      host: "127.0.0.1",
      port: 0,
      access: new AccessRules("127.0.0.1", { join: "secret", admin: null }),
      content: {
        blobs: new Map(),
        run: "small",
        description: (trusted) => ({ trusted }),
        pages,
        page: "<title>not built</title>",
      },
      onSocket: (socket) => socket.terminate(),
      onWatcher: (socket) => socket.terminate(),
    });
  const get = (path: string, init: RequestInit = {}, { port } = built) =>
    fetch(`http://127.0.0.1:${port}${path}`, init);

  beforeAll(async () => {
    built = await start(await builtPages());
    bare = await start(new Map());
  });

  afterAll(async () => {
    await built.close();
    await bare.close();
  });

  it("[pages] are served without a token, never stored; hashed files for ever", async () => {
    const page = await get("/");
    expect(await page.text()).toContain("dashboard");
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(await (await get("/join?from=here")).text()).toContain("join");
    const script = await get("/assets/join-1a2b.js");
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  });

  it.each([
    ["br, gzip", "br", brotliDecompressSync],
    ["gzip;q=1.0, br;q=0", "gzip", gunzipSync],
    ["gzip;q=1.0, br;q=0.0", "gzip", gunzipSync],
    ["br;q=0.5", "br", brotliDecompressSync],
    ["xbr, brx, gzipped", null, (bytes: Uint8Array) => bytes],
    ["deflate", null, (bytes: Uint8Array) => bytes],
    ["", null, (bytes: Uint8Array) => bytes],
  ])("[pages] to whoever accepts %j in the coding %s, of the same bytes", async (accepted, coding, decode) => {
    const { port } = built;
    // fetch decodes by itself; the bytes of the wire are wanted.
    const [headers, body] = await new Promise<[NodeJS.Dict<string | string[]>, Buffer]>((resolve, reject) => {
      const options = {
        host: "127.0.0.1",
        port,
        path: "/assets/join-1a2b.js",
        headers: { "accept-encoding": accepted },
      };
      const asked = request(options, (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("end", () => resolve([response.headers, Buffer.concat(parts)]));
      });
      asked.on("error", reject);
      asked.end();
    });
    expect(headers["content-encoding"] ?? null).toBe(coding);
    expect(Number(headers["content-length"])).toBe(body.byteLength);
    expect(Buffer.from(decode(body)).toString()).toBe(SCRIPT);
    expect(headers.vary).toBe("Accept-Encoding");
  });

  it("[pages] that are known already are not sent again", async () => {
    const etag = (await get("/join")).headers.get("etag") ?? "";
    const again = await get("/join", { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    // What a browser has already is used under the headers of this answer (RFC 9111, 4.3.4).
    expect(again.headers.get("cache-control")).toBe("no-store");
    expect(again.headers.get("etag")).toBe(etag);
    expect(again.headers.get("content-security-policy")).toContain("require-trusted-types-for 'script'");
    expect(again.headers.get("cross-origin-embedder-policy")).toBe("require-corp");
  });

  it.each(["/", "/join", "/assets/join-1a2b.js", "/runs", "/nothing"])(
    "[security] %s carries a policy that allows no inline code, no other origin and one kind of thread",
    async (path) => {
      const { headers } = await get(path);
      const policy = new Map(
        (headers.get("content-security-policy") ?? "").split("; ").map((rule): [string, string] => {
          const [name = "", ...values] = rule.split(" ");
          return [name, values.join(" ")];
        }),
      );
      expect(Object.fromEntries(policy)).toEqual({
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'",
        "style-src": "'self'",
        "img-src": "'self' data: blob:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "tributary-threads",
      });
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
      expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
      expect(headers.get("permissions-policy")).toContain("camera=()");
      // The join page keeps the screen on.
      expect(headers.get("permissions-policy")).toContain("screen-wake-lock=(self)");
    },
  );

  it.each([
    "/.sources",
    "/assets/.hidden.js",
    "/assets/notes.txt",
    "/assets/deeper/more.js",
    "/assets/",
    "/assets/../.sources",
    "/assets/%2e%2e/.sources",
    "/index.html",
    "/assets/join-1a2b.js/",
    "//assets/join-1a2b.js",
  ])("[security] %s is nothing here", async (path) => {
    expect((await get(path)).status).toBe(404);
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("[security] %s is not answered", async (method) => {
    expect((await get("/join", { method })).status).toBe(405);
  });

  it("[security] what is said of the run to a stranger is less than to who has the token", async () => {
    expect(await (await get("/runs/small")).json()).toEqual({ trusted: false });
    expect(await (await get("/runs")).json()).toEqual([{ trusted: false }]);
    const headers = { authorization: "Bearer secret" };
    expect(await (await get("/runs", { headers })).json()).toEqual([{ trusted: true }]);
  });

  it("[pages] HEAD has the headers and no body", async () => {
    const head = await get("/join", { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("[pages] that are not built have words in their place", async () => {
    for (const path of ["/", "/join"]) expect(await (await get(path, {}, bare)).text()).toContain("not built");
    expect((await get("/assets/join-1a2b.js", {}, bare)).status).toBe(404);
  });
});
