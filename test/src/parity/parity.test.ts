import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Device, open } from "@tributary/kernels";
import * as nn from "@tributary/nn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largest } from "./deviation.ts";
import type { Fixture } from "./fixture.ts";
import { readFixtures, readIndex, scriptHash } from "./fixture-files.ts";
import { measure } from "./measurement.ts";
import { ROWS } from "./rows.ts";

const BACKENDS = ["reference", "wasm"] as const;

const fixtures = readFixtures();
const pairs = fixtures.flatMap((fixture) => {
  const row = ROWS[fixture.family]?.[fixture.name];
  return row === undefined ? [] : [{ fixture, row }];
});

describe.each(BACKENDS)("%s agrees with PyTorch", (backend) => {
  let device: Device;
  beforeAll(async () => {
    device = await open(backend);
  });
  afterAll(() => device.dispose());

  const named = pairs.map((pair): [string, typeof pair] => [`${pair.fixture.family}: ${pair.fixture.name}`, pair]);
  it.each(named)("%s", async (_, { fixture, row }) => {
    const deviation = largest(await measure(device, fixture, row));
    expect(deviation.ratio, `${deviation.tensor} ${deviation.worst}`).toBeLessThanOrEqual(1);
  });
});

describe("the fixtures", () => {
  it("were written by the scripts as they are: run make_fixtures.py after changing one", () => {
    expect(readIndex().scripts).toBe(scriptHash());
  });

  it("have a row each, and each row has a fixture", () => {
    const key = (family: string, name: string) => `${family}: ${name}`;
    const rows = Object.entries(ROWS).flatMap(([family, table]) => Object.keys(table).map((name) => key(family, name)));
    expect(rows.sort()).toEqual(fixtures.map(({ family, name }: Fixture) => key(family, name)).sort());
  });

  it("have a row for every layer there is", () => {
    const rows = pairs.flatMap(({ row }) => (row.kind === "module" ? [row.build().module] : []));
    const covered = new Set<unknown>(
      rows.flatMap((module) => module.namedModules().map(([, part]) => part.constructor)),
    );
    const layers = Object.entries(nn).filter(
      ([, value]) => typeof value === "function" && value.prototype instanceof nn.Module,
    );
    expect(layers.filter(([, layer]) => !covered.has(layer)).map(([name]) => name)).toEqual([]);
  });
});

describe("docs/parity.md", () => {
  it("shows every row, each in agreement: write-table.ts writes it", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/parity.md"), "utf8");
    const shown = page.split("\n").filter((line) => line.endsWith("| yes |"));
    expect(shown.map((line) => line.split("|")[1].trim())).toEqual(fixtures.map(({ name }) => name));
  });
});
