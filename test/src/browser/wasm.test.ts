import { open } from "@tributary/kernels";
import { runBackendConformance } from "@tributary/kernels/conformance";

runBackendConformance("wasm in a browser", () => open("wasm"));
