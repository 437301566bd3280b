import { OPERATION_NAMES } from "@tributary/program";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../device.ts";
import { BUFFER_BEHAVIOURS } from "./buffer-behaviours.ts";
import type { ConformanceGroup } from "./conformance-case.ts";
import { composedGroups, operationGroups } from "./groups.ts";
import { RUN_BEHAVIOURS } from "./run-behaviours.ts";
import { failuresOf } from "./run-case.ts";

/** Failures of one group that are shown; the rest is counted. */
const FAILURES_SHOWN_MAX = 12;

/** Milliseconds: a backend that compiles slowly, on a machine with other work, is not a wrong one. */
const TIMEOUT_MS = 1_800_000;

/** Runs a group, some cases at once; every failing case is one line. */
async function failuresOfGroup(device: Device, group: ConformanceGroup, casesAtOnce: number): Promise<string[]> {
  const failures: string[] = [];
  const cases = group.cases.values();
  const runCases = async () => {
    for (const testCase of cases) {
      for (const failure of await failuresOf(device, testCase)) failures.push(`${testCase.name}: ${failure}`);
    }
  };
  await Promise.all(Array.from({ length: casesAtOnce }, runCases));
  const hidden = failures.length - FAILURES_SHOWN_MAX;
  return hidden > 0 ? [...failures.slice(0, FAILURES_SHOWN_MAX), `and ${hidden} more`] : failures;
}

/**
 * The acceptance suite of a backend that computes in float32: every operation, graphs of many, and the rules of a
 * device, against the reference. Call it in a test file of the backend.
 * @param openDevice opens a new device; the suite disposes of it
 * @param casesAtOnce more than 1 where the backend compiles beside this thread
 */
export function runBackendConformance(name: string, openDevice: () => Promise<Device>, casesAtOnce = 1): void {
  describe(`${name} conforms to the reference`, { timeout: TIMEOUT_MS }, () => {
    let device: Device;

    beforeAll(async () => {
      device = await openDevice();
    }, TIMEOUT_MS);

    afterAll(() => device?.dispose());

    const operations = operationGroups();

    it("the groups of cases cover every operation", () => {
      expect(operations.map((group) => group.name).sort()).toEqual([...OPERATION_NAMES].sort());
    });

    describe("operations", () => {
      for (const group of operations) {
        it(`${group.name} (${group.cases.length} cases)`, async () => {
          expect(await failuresOfGroup(device, group, casesAtOnce)).toEqual([]);
        });
      }
    });

    describe("composed graphs", () => {
      for (const group of composedGroups()) {
        it(`${group.name} (${group.cases.length} cases)`, async () => {
          expect(await failuresOfGroup(device, group, casesAtOnce)).toEqual([]);
        });
      }
    });

    describe("devices", () => {
      for (const { name: rule, check } of [...BUFFER_BEHAVIOURS, ...RUN_BEHAVIOURS]) {
        it(rule, async () => {
          // A device of its own, so that a broken rule breaks no other test.
          const own = await openDevice();
          await check(own, openDevice);
          own.dispose();
        });
      }
    });
  });
}
