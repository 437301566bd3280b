import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { PEERS_FOLDER } from "../peers/installation.ts";

/** Pages of engines: their modules in pages/, and what a page loads before its module. */
const PAGE_ENGINES = {
  "tributary-webgpu": { module: "tributary.ts", scripts: [] },
  "tfjs-webgpu": {
    module: "tfjs.mjs",
    scripts: [
      "/peers/@tensorflow/tfjs/dist/tf.min.js",
      "/peers/@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js",
    ],
  },
  "jax-js-webgpu": { module: "jax-js.mjs", scripts: [] },
} as const satisfies Record<string, { readonly module: string; readonly scripts: readonly string[] }>;

/** Name of an engine that runs in a page. */
export type PageEngineName = keyof typeof PAGE_ENGINES;

/** A server of the engines' pages, on loopback, where browsers take http for secure. */
export interface PageServer {
  /** Address of an engine's page. */
  readonly urlOf: (engine: PageEngineName) => string;
  close(): void;
}

const PAGES_FOLDER = fileURLToPath(new URL("./pages/", import.meta.url));
const PEERS_PATH = "/peers/";
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".wasm": "application/wasm",
};

/** Bundles the modules of these engines in memory and serves them with their pages; the peers' own files are served as they are. */
export async function servePages(engines: readonly PageEngineName[]): Promise<PageServer> {
  const files = new Map<string, string | Uint8Array>(await bundled(engines));
  for (const engine of engines) files.set(`/${engine}.html`, pageOf(engine));
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").split("?", 1)[0] ?? "/");
    const body = files.get(path) ?? (path.startsWith(PEERS_PATH) ? peerFile(path.slice(PEERS_PATH.length)) : undefined);
    const type = TYPES[extname(path)] ?? "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": type });
    response.end(body);
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    urlOf: (engine) => `http://127.0.0.1:${port}/${engine}.html`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function bundled(engines: readonly PageEngineName[]): Promise<[string, string | Uint8Array][]> {
  const input = Object.fromEntries(engines.map((engine) => [engine, join(PAGES_FOLDER, PAGE_ENGINES[engine].module)]));
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: PAGES_FOLDER,
    build: {
      write: false,
      target: "esnext",
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input,
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "[name].js", chunkFileNames: "chunks/[name]-[hash].js" },
      },
    },
  });
  const outputs = Array.isArray(result) ? result : [result];
  return outputs.flatMap((output) =>
    "output" in output
      ? output.output.map((file): [string, string | Uint8Array] => [
          `/${file.fileName}`,
          file.type === "chunk" ? file.code : file.source,
        ])
      : [],
  );
}

function pageOf(engine: PageEngineName): string {
  const scripts = PAGE_ENGINES[engine].scripts.map((path) => `<script src="${path}"></script>`).join("");
  return `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>${engine}</title>${scripts}<script type="module" src="/${engine}.js"></script>`;
}

function peerFile(path: string): Uint8Array | undefined {
  const folder = join(PEERS_FOLDER, "node_modules");
  const file = resolve(folder, path);
  if (!file.startsWith(folder + sep)) return undefined;
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
