import { describe, expect, it } from "vitest";
import { composedGroups } from "../../conformance/groups.ts";
import { failuresOf } from "../../conformance/run-case.ts";
import { scanGroups } from "../../conformance/scan-cases.ts";
import { openChainedWasm } from "./testing/chained-wasm.ts";

describe.each([false, true])(
  "programs divided into as many parts as there can be, the last part first: %s",
  (reverse) => {
    it("give what the reference gives", async () => {
      let parts = 0;
      const device = await openChainedWasm({
        reverse,
        watch: (kernels) => {
          for (const kernel of kernels) if (kernel.kind === "chain" && kernel.groups > 1) parts += kernel.groups;
        },
      });
      const failures: string[] = [];
      for (const group of [...scanGroups(), ...composedGroups()]) {
        for (const testCase of group.cases) {
          for (const failure of await failuresOf(device, testCase)) failures.push(`${testCase.name}: ${failure}`);
        }
      }
      expect(failures).toEqual([]);
      // Were nothing divided, nothing would be shown.
      expect(parts).toBeGreaterThan(500);
      device.dispose();
    });
  },
);
