import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { composedGroups } from "../../conformance/groups.ts";
import { failuresOf } from "../../conformance/run-case.ts";
import { scanGroups } from "../../conformance/scan-cases.ts";
import type { Device } from "../../device.ts";
import { openChainedWasm } from "./testing/chained-wasm.ts";

describe.each([
  { reverse: false, cut: false },
  { reverse: true, cut: false },
  { reverse: false, cut: true },
])(
  "programs in as many parts as there can be, the last part first: $reverse, every turn a segment: $cut",
  ({ reverse, cut }) => {
    let device: Device;
    let parts = 0;

    beforeAll(async () => {
      device = await openChainedWasm({
        reverse,
        cut,
        watch: (kernels) => {
          for (const kernel of kernels) if (kernel.kind === "chain" && kernel.groups > 1) parts += kernel.groups;
        },
      });
    });

    afterAll(() => device.dispose());

    it.each([...scanGroups(), ...composedGroups()])("$name: what the reference gives", async ({ cases }) => {
      const failures: string[] = [];
      for (const testCase of cases) {
        for (const failure of await failuresOf(device, testCase)) failures.push(`${testCase.name}: ${failure}`);
      }
      expect(failures).toEqual([]);
    });

    it("most of them were divided: were nothing divided, nothing would be shown", () => {
      expect(parts).toBeGreaterThan(2000);
    });
  },
);
