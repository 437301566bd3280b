// TensorFlow.js on its wasm backend, one thread: the process of an engine (../serve-engine.ts).
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { serveEngine } from "../serve-engine.ts";
import { PEERS_FOLDER } from "./installation.ts";
import { prepareTfjs } from "./tfjs-works.mjs";

const require = createRequire(join(PEERS_FOLDER, "package.json"));

async function loadFramework() {
  const tf = require("@tensorflow/tfjs");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}

// The wasm backend computes at once, so that nothing is left to wait for after a step.
await serveEngine(async (name) => ({ threads: 1, ...prepareTfjs(await loadFramework(), name) }));
