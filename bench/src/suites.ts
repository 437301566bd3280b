import { cpuSuite } from "./cpu-suite.ts";
import type { Suite } from "./suite.ts";
import { webgpuSuite } from "./webgpu-suite.ts";

/** Every suite, by the name it has on the command line. */
export const SUITES: Readonly<Record<string, Suite>> = {
  cpu: cpuSuite,
  webgpu: webgpuSuite,
};
