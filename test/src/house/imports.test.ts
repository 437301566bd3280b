import { existsSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, homeOf, importsOf, isTest, ROOT, type SourceFile } from "./source-tree.ts";

/** Who may import whom: the table of ARCHITECTURE.md. Apps may import every package; what they may not is in APPS. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  program: [],
  data: [],
  protocol: [],
  kernels: ["program"],
  autograd: ["program", "kernels"],
  nn: ["autograd", "program"],
  training: ["nn", "autograd", "kernels", "program", "data"],
  coordinator: ["protocol", "program", "data"],
  worker: ["protocol", "program", "kernels", "data"],
  tributary: ["nn", "autograd", "data", "training"],
};

/** No app imports an app, except the command line, which starts the others. */
const APPS: Readonly<Record<string, readonly string[]>> = {
  "apps/cli": ["@tributary/coordinator-app", "@tributary/node-worker", "@tributary/browser"],
};

const APP_NAMES = ["@tributary/coordinator-app", "@tributary/node-worker", "@tributary/cli", "@tributary/browser"];

/** Small platform-free libraries that a pure package may hold. */
const PURE_LIBRARIES = ["@noble/hashes", "msgpackr", "valibot", "fflate", "fast-png", "jpeg-js"];

const sources = filesBelow(["packages", "apps"], [".ts", ".tsx"]);
const production = sources.filter((file) => !isTest(file));

const isWorkspace = (specifier: string) => specifier === "tributary" || specifier.startsWith("@tributary/");

function allowedWorkspaceImports(home: string): readonly string[] {
  if (home.startsWith("apps/")) {
    return [...Object.keys(PACKAGES).map((name) => `@tributary/${name}`), "tributary", ...(APPS[home] ?? [])];
  }
  return (PACKAGES[home.slice("packages/".length)] ?? []).map((name) => `@tributary/${name}`);
}

/** Reduces "@scope/name/path" or "name/path" to the package that is installed. */
function installedName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function offences(files: readonly SourceFile[], isOffence: (file: SourceFile, specifier: string) => boolean): string[] {
  return files.flatMap((file) =>
    importsOf(file)
      .filter(({ specifier }) => isOffence(file, specifier))
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
}

describe("the import table", () => {
  it("names every package that there is", () => {
    const homes = new Set(sources.map(homeOf).filter((home) => home.startsWith("packages/")));
    expect([...homes].map((home) => home.slice("packages/".length)).sort()).toEqual(Object.keys(PACKAGES).sort());
  });

  it("holds: a package imports only what its row allows, through the public entry", () => {
    const found = offences(
      production,
      (file, specifier) => isWorkspace(specifier) && !allowedWorkspaceImports(homeOf(file)).includes(specifier),
    );
    expect(found).toEqual([]);
  });

  it("holds for apps: none imports another, except the command line", () => {
    const found = offences(
      production.filter((file) => file.path.startsWith("apps/")),
      (file, specifier) => APP_NAMES.includes(specifier) && !(APPS[homeOf(file)] ?? []).includes(specifier),
    );
    expect(found).toEqual([]);
  });

  it("keeps Node's modules and other libraries out of the pure packages", () => {
    const found = offences(
      production.filter((file) => file.path.startsWith("packages/")),
      (_, specifier) =>
        !specifier.startsWith(".") && !isWorkspace(specifier) && !PURE_LIBRARIES.includes(installedName(specifier)),
    );
    expect(found).toEqual([]);
  });

  it("finds every import declared in the package's own package.json", () => {
    const found = offences(sources, (file, specifier) => {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) return false;
      const declared = declaredDependencies(homeOf(file));
      const name = installedName(specifier);
      return !declared.has(name) && !(isTest(file) && ["vitest", "fast-check"].includes(name));
    });
    expect(found).toEqual([]);
  });
});

function declaredDependencies(home: string): Set<string> {
  const parsed: Record<string, Record<string, string> | undefined> = JSON.parse(
    readFileSync(join(ROOT, home, "package.json"), "utf8"),
  );
  return new Set(Object.keys({ ...parsed.dependencies, ...parsed.devDependencies, ...parsed.optionalDependencies }));
}

describe("inside a package", () => {
  it("imports are relative, stay inside, and never go through the package's own index", () => {
    const found = offences(sources, (file, specifier) => {
      if (!specifier.startsWith(".")) return false;
      const target = posix.join(posix.dirname(file.path), specifier);
      if (file.path.startsWith("test/")) return false;
      return !target.startsWith(`${homeOf(file)}/`) || target === `${homeOf(file)}/src/index.ts`;
    });
    expect(found.filter((line) => !/\.test\.ts imports \.\/index\.ts$/.test(line))).toEqual([]);
  });

  it("imports name files that exist, with their ending", () => {
    const found = offences(
      sources,
      // A question mark and what follows is for the bundler, not part of the file's name.
      (file, specifier) =>
        specifier.startsWith(".") && !existsSync(join(ROOT, dirname(file.path), specifier.split("?", 1)[0] ?? "")),
    );
    expect(found).toEqual([]);
  });

  it("there is no cycle of imports that remain at run time", () => {
    expect(findCycle(production)).toEqual([]);
  });
});

/** Paths along the first cycle found, or nothing. */
function findCycle(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter(({ specifier, typeOnly }) => specifier.startsWith(".") && !typeOnly)
        .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier)),
    ]),
  );
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return [];
    for (const next of edges.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    finished.add(path);
    return [];
  };
  return files.map((file) => visit(file.path, [])).find((cycle) => cycle.length > 0) ?? [];
}

describe("the checks themselves", () => {
  it("find a cycle where there is one", () => {
    const files = [
      { path: "packages/a/src/x.ts", text: 'import { y } from "./y.ts";' },
      { path: "packages/a/src/y.ts", text: 'import {\n  x,\n} from "./x.ts";' },
    ];
    expect(findCycle(files)).toEqual(["packages/a/src/x.ts", "packages/a/src/y.ts", "packages/a/src/x.ts"]);
  });

  it("tell imports of types alone from the rest", () => {
    const text =
      'import type { A } from "a";\nimport { type B } from "b";\nimport { type C, d } from "c";\nexport { e } from "e";';
    expect(importsOf({ path: "x.ts", text }).map(({ typeOnly }) => typeOnly)).toEqual([true, true, false, false]);
  });
});
