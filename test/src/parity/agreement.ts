import type { Device } from "@tributary/kernels";
import { largest } from "./deviation.ts";
import type { Fixture } from "./fixture.ts";
import { measure } from "./measurement.ts";
import { ROWS } from "./rows.ts";

/** Rows measured beside each other: a GPU's pipelines are compiled beside this thread. */
const ROWS_AT_ONCE = 8;

/** The rows in which a device is further from PyTorch than is allowed, one line each. */
export async function disagreements(device: Device, fixtures: readonly Fixture[]): Promise<string[]> {
  const found: string[] = [];
  const left = fixtures.values();
  const measureRows = async () => {
    for (const fixture of left) {
      const row = ROWS[fixture.family]?.[fixture.name];
      if (row === undefined) continue;
      const { ratio, tensor, worst } = largest(await measure(device, fixture, row));
      if (!(ratio <= 1)) found.push(`${fixture.family}: ${fixture.name}: ${tensor} ${worst}`);
    }
  };
  await Promise.all(Array.from({ length: ROWS_AT_ONCE }, measureRows));
  return found;
}
