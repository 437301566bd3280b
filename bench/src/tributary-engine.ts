// Tributary on the wasm device, one compute thread: the process of an engine (serve-engine.ts).
import { open } from "@tributary/kernels";
import { prepareLocalStep } from "./local-step.ts";
import { serveEngine } from "./serve-engine.ts";

await serveEngine(async (name) => ({ threads: 1, ...(await prepareLocalStep(name, await open("wasm"))) }));
