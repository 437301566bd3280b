import { open } from "@tributary/kernels";
import { runBackendConformance } from "@tributary/kernels/conformance";

/** So many pipelines are compiled beside each other. */
const CASES_AT_ONCE = 8;

runBackendConformance("webgpu in a browser", () => open("webgpu", { allowSoftware: true }), CASES_AT_ONCE);
