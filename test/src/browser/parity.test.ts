import { open } from "@tributary/kernels";
import { expect, it } from "vitest";
import { disagreements } from "../parity/agreement.ts";
import { fixturesOf } from "../parity/fixture.ts";

/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 1_800_000;

async function bytesOf(name: string): Promise<Uint8Array> {
  const response = await fetch(new URL(`../parity/fixtures/${name}`, import.meta.url));
  if (!response.ok) throw new Error(`${name} is not served (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}

it("webgpu in a browser agrees with PyTorch in every row", { timeout: TIMEOUT_MS }, async () => {
  const index = JSON.parse(new TextDecoder().decode(await bytesOf("index.json")));
  const families = Object.keys(index.families);
  const fixtures = await Promise.all(
    families.map(async (family) => fixturesOf(index, family, await bytesOf(`${family}.safetensors`))),
  );
  expect(fixtures.flat().length).toBeGreaterThan(100);
  const device = await open("webgpu", { allowSoftware: true });
  expect(await disagreements(device, fixtures.flat())).toEqual([]);
  device.dispose();
});
