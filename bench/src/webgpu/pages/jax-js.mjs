// jax-js on its webgpu device: the page of an engine (../page-bench.ts).
import { prepareJaxJs } from "../../peers/jax-js-works.mjs";
import { offerBench } from "../page-bench.ts";

/** Served from the folder of the peers as it is. */
const FRAMEWORK = "/peers/@jax-js/jax/dist/index.js";

offerBench(async (name) => {
  const jax = await import(/* @vite-ignore */ FRAMEWORK);
  const devices = await jax.init("webgpu");
  if (!devices.includes("webgpu")) throw new Error("jax-js has no webgpu device here");
  jax.defaultDevice("webgpu");
  return prepareJaxJs(jax, name);
});
