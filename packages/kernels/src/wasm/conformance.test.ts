import { runBackendConformance } from "../conformance/suite.ts";
import { openWasm } from "./open.ts";

runBackendConformance("wasm", openWasm);
