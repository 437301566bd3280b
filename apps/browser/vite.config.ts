import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const page = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Files that only a tab takes that computes on a GPU. The words for adapters are for everybody. */
const GPU_FILES =
  /\/kernels\/src\/webgpu\/(?!adapter-words)|\/worker\/src\/(?:gradient-packer|local-computation|trusted-device)\.|\/training-thread\/gpu-computation\./;

/** Files that only a tab takes that computes on the processor. */
const PROCESSOR_FILES =
  /\/kernels\/src\/wasm\/|\/worker\/src\/threads\/|\/training-thread\/compute-(?:session|threads)\./;

/** Files that hardly any tab takes: a hash where the platform's is hidden, and the backend that others are compared with. */
const RARE_FILES = /\/kernels\/src\/reference\/|\/portable-sha256\.|\/@noble\//;

/**
 * The training thread comes in two files: what every tab needs, and what its device needs. Left to itself the bundler makes a
 * dozen; each costs a request and is compressed without the others. What files import stays out of their part, because most of it
 * is for both; nothing that the thread imports at once may be in a part, which the test of sizes checks.
 */
const THREAD_PARTS = {
  includeDependenciesRecursively: false,
  groups: [
    { name: "gpu", test: GPU_FILES, priority: 2 },
    { name: "processor", test: PROCESSOR_FILES, priority: 2 },
    { name: "thread", test: (id: string) => !RARE_FILES.test(id), priority: 1 },
  ],
};

/** What Node has and no browser: code that asks for it is left out. */
const ABSENT_GLOBALS = { process: "undefined", Buffer: "undefined" };

/** Two pages with hashed files beside them, nothing inline: they are served under a policy that allows neither inline code nor eval. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "/",
  logLevel: "warn",
  define: ABSENT_GLOBALS,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es", rolldownOptions: { output: { codeSplitting: THREAD_PARTS } } },
  build: {
    target: "es2023",
    // Nothing is put into the HTML or the CSS as data: every byte has an address.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: { input: { dashboard: page("index.html"), join: page("join.html") } },
  },
});
