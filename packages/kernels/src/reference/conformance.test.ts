import { runBackendConformance } from "../conformance/suite.ts";
import { openReference } from "./open.ts";

// The suite compares with float64: this is the reference in float32 against itself in float64.
runBackendConformance("reference", () => openReference("float32"));
