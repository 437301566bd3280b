import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Fixture, type FixtureIndex, fixturesOf } from "./fixture.ts";

const FOLDER = import.meta.dirname;

/** What make_fixtures.py wrote about its fixtures. */
export function readIndex(): FixtureIndex {
  return JSON.parse(readFileSync(join(FOLDER, "fixtures/index.json"), "utf8"));
}

/** SHA-256 of the scripts that write the fixtures, as make_fixtures.py computes it. */
export function scriptHash(): string {
  const scripts = readdirSync(join(FOLDER, "pytorch")).filter((name) => name.endsWith(".py"));
  const paths = [join(FOLDER, "make_fixtures.py"), ...scripts.map((name) => join(FOLDER, "pytorch", name))];
  const byName = new Map(paths.map((path) => [basename(path), path]));
  const digest = createHash("sha256");
  for (const name of [...byName.keys()].sort()) digest.update(readFileSync(byName.get(name) ?? ""));
  return digest.digest("hex");
}

/** All rows, family by family, in the order in which the scripts name them. */
export function readFixtures(): Fixture[] {
  const index = readIndex();
  return Object.keys(index.families).flatMap((family) =>
    fixturesOf(index, family, readFileSync(join(FOLDER, `fixtures/${family}.safetensors`))),
  );
}
