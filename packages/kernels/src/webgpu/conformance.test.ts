import { describe } from "vitest";
import { runBackendConformance } from "../conformance/suite.ts";
import { open } from "../open.ts";

/** So many pipelines are compiled beside each other. */
const CASES_AT_ONCE = 8;

// vitest.config.ts says so when there is none.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("in Node", () => {
  runBackendConformance("webgpu", () => open("webgpu", { allowSoftware: true }), CASES_AT_ONCE);
});
