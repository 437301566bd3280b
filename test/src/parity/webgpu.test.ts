import { open } from "@tributary/kernels";
import { expect, it } from "vitest";
import { disagreements } from "./agreement.ts";
import { readFixtures } from "./fixture-files.ts";

/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 1_800_000;

// vitest.config.ts says so when there is no GPU in software.
it.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)(
  "webgpu agrees with PyTorch in every row",
  { timeout: TIMEOUT_MS },
  async () => {
    const device = await open("webgpu", { allowSoftware: true });
    expect(await disagreements(device, readFixtures())).toEqual([]);
    device.dispose();
  },
);
