// jax-js on its wasm backend: the process of an engine (../serve-engine.ts).
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { serveEngine } from "../serve-engine.ts";
import { PEERS_FOLDER } from "./installation.ts";
import { prepareJaxJs } from "./jax-js-works.mjs";

async function loadFramework() {
  const jax = await import(pathToFileURL(join(PEERS_FOLDER, "node_modules/@jax-js/jax/dist/index.js")).href);
  const devices = await jax.init("wasm");
  if (!devices.includes("wasm")) throw new Error("jax-js has no wasm device here");
  jax.defaultDevice("wasm");
  return jax;
}

await serveEngine(async (name) => ({ threads: 1, ...prepareJaxJs(await loadFramework(), name) }));
