import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type AdapterInfo,
  adapterWords,
  isSoftwareAdapter,
  type MissingVulkan,
  missingVulkan,
  thisMachine,
} from "@tributary/kernels";
import { hasGpuPackage } from "../gpu-asked.ts";
import { type Finding, ok, warning } from "./finding.ts";

const NAME = "gpu";
/** Milliseconds that a driver has for answering: the first start of one compiles a lot. */
const PROBE_MS_MAX = 20_000;
const BROWSERS = "Tabs in a browser use its own WebGPU, which this does not look at";

/** What the probe said: see gpu-probe.ts. */
export interface GpuAnswer {
  readonly state: string;
  /** What the adapter tells of itself, if there is one. */
  readonly info: AdapterInfo;
}

/** Which GPU workers of Node find through the optional package `webgpu`. A run can work without. */
export async function gpuFinding(): Promise<Finding> {
  const missing = missingVulkan(thisMachine());
  return missing === null ? findingOf(await probeGpu()) : vulkanFinding(missing, hasGpuPackage());
}

/** The finding where there is no Vulkan to ask for a GPU. */
export function vulkanFinding({ what, remedy }: MissingVulkan, packageIsHere: boolean): Finding {
  const beside = packageIsHere ? "" : "; also npm install webgpu";
  return warning(
    NAME,
    `${what}: workers of Node compute on the CPU`,
    `To use a graphics card, ${remedy}${beside}. ${BROWSERS}`,
  );
}

/** The finding that an answer of the probe gives; null: the probe ended without one. */
export function findingOf(answer: GpuAnswer | null): Finding {
  if (answer === null) {
    return warning(
      NAME,
      "Asking for the GPU failed in the graphics driver",
      "Update the driver; workers compute on the CPU meanwhile",
    );
  }
  if (answer.state === "missing") {
    const remedy = `npm install webgpu gives them one. ${BROWSERS}`;
    return warning(NAME, "Workers of Node compute on the CPU: the optional package webgpu is not installed", remedy);
  }
  if (answer.state !== "found") {
    const remedy = `Install or update the graphics driver (on Linux also libvulkan1). ${BROWSERS}`;
    return warning(
      NAME,
      "The package webgpu is installed and finds no GPU: workers of Node compute on the CPU",
      remedy,
    );
  }
  const name = adapterWords(answer.info);
  if (isSoftwareAdapter(answer.info)) {
    const remedy = `Install the driver of the graphics card, if there is one. ${BROWSERS}`;
    return warning(
      NAME,
      `The only GPU is a program that computes on the CPU (${name}): workers use wasm instead, which is faster`,
      remedy,
    );
  }
  return ok(NAME, `GPU for workers of Node: ${name}`);
}

function probeGpu(): Promise<GpuAnswer | null> {
  const script = fileURLToPath(new URL("./gpu-probe.ts", import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "ignore"], timeout: PROBE_MS_MAX });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  return new Promise((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", () => resolve(parseAnswer(text)));
  });
}

function parseAnswer(text: string): GpuAnswer | null {
  const line = text.split("\n").find((candidate) => candidate.startsWith("{"));
  if (line === undefined) return null;
  const { state, vendor = "", architecture = "", device = "", description = "", isFallbackAdapter } = JSON.parse(line);
  return { state, info: { vendor, architecture, device, description, isFallbackAdapter } };
}
