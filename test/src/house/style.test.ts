import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOnly, filesBelow, isTest, ROOT, type SourceFile, withoutComments } from "./source-tree.ts";

/** Lines a file should stay under; the ratchet below names the files that do not, and may only shrink. */
const LINES_TARGET = 300;
/** Lines that no file may pass. */
const LINES_CAP = 500;
const BANNED_FILE_NAMES = ["utils", "util", "helpers", "helper", "common", "misc", "shared"];
const BANNED_WORDS = ["client", "peer", "participant", "master", "minibatch"];

/** Names that a library chose: those of ws, for the sockets of a server. */
const FOREIGN_NAMES = ["clients", "clientTracking"];

const sources = filesBelow(["packages", "apps", "test", "examples", "bench"], [".ts", ".tsx"]);
const production = sources.filter((file) => !isTest(file) && /^(packages|apps)\//.test(file.path));

function lineCount(file: SourceFile): number {
  return file.text.trimEnd().split("\n").length;
}

/** "path:line text" of every line of `code` (a file's text after blanking) that matches. */
function linesMatching(file: SourceFile, code: string, pattern: RegExp): string[] {
  const original = file.text.split("\n");
  return code
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1} ${original[index]?.trim()}`] : []));
}

describe("files", () => {
  it(`have at most ${LINES_TARGET} lines, or the number that the ratchet records`, () => {
    const ratchet: Record<string, number> = JSON.parse(
      readFileSync(join(ROOT, "test/src/house/line-ratchet.json"), "utf8"),
    );
    const found = sources
      .filter((file) => lineCount(file) > (ratchet[file.path] ?? LINES_TARGET))
      .map((file) => `${file.path} has ${lineCount(file)} lines`);
    expect(found).toEqual([]);
    for (const [path, lines] of Object.entries(ratchet)) {
      const file = sources.find((candidate) => candidate.path === path);
      expect(file, `${path} is in the ratchet but not in the tree: take it out`).toBeDefined();
      expect(lines, `${path}: the ratchet never goes past the cap`).toBeLessThanOrEqual(LINES_CAP);
      if (file) expect(lines - lineCount(file), `${path} has shrunk: lower its number`).toBeLessThan(20);
    }
  });

  it("are named by their noun, in kebab-case", () => {
    const found = sources
      .map((file) => file.path)
      .filter((path) => {
        const name = basename(path).replace(/\.d\.ts$|\.(test|run|config|browser)?\.?tsx?$/, "");
        return BANNED_FILE_NAMES.includes(name) || !/^[a-z0-9]+([.-][a-z0-9]+)*$/.test(name);
      });
    expect(found).toEqual([]);
  });

  it("re-export only in a package's one index, and there by name", () => {
    const stars = sources.flatMap((file) => linesMatching(file, withoutComments(file.text), /^export\s+\*/));
    const barrels = production
      .filter((file) => !file.path.endsWith("/src/index.ts"))
      .flatMap((file) => linesMatching(file, withoutComments(file.text), /^export\s+(type\s+)?\{[^}]*\}\s+from/));
    expect([...stars, ...barrels]).toEqual([]);
  });
});

describe("code", () => {
  it("has no any and no suppressed type errors", () => {
    const anys = sources.flatMap((file) =>
      linesMatching(file, codeOnly(file.text), /(?:[:<,|&]|\bas|=>)\s*any\b(?!\s*[(:])/),
    );
    const suppressions = sources
      .filter((file) => !file.path.startsWith("test/src/house/"))
      .flatMap((file) => linesMatching(file, file.text, /@ts-(ignore|expect-error|nocheck)/));
    expect([...anys, ...suppressions]).toEqual([]);
  });

  it("uses the field's words: the banned ones stand in no identifier", () => {
    const found = production.flatMap((file) => {
      const words = codeOnly(file.text).match(/[A-Za-z_$][\w$]*/g) ?? [];
      const own = words.filter((word) => !FOREIGN_NAMES.includes(word));
      const banned = own.filter((word) =>
        word
          .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
          .toLowerCase()
          .split(/[ _]/)
          .some((part) => BANNED_WORDS.includes(part.replace(/s$/, ""))),
      );
      return [...new Set(banned)].map((word) => `${file.path}: ${word}`);
    });
    expect(found).toEqual([]);
  });

  it("documents every exported symbol", () => {
    expect(production.flatMap(undocumentedExports)).toEqual([]);
  });

  it("skips no test without saying why at run time", () => {
    const pattern = /\b(?:it|test|describe)\.(?:skip|todo|only)\(/;
    expect(sources.flatMap((file) => linesMatching(file, codeOnly(file.text), pattern))).toEqual([]);
  });
});

/** Exported declarations that no docstring precedes. The second and later signatures of an overload need none. */
function undocumentedExports(file: SourceFile): string[] {
  if (file.path.endsWith("/src/index.ts") || file.path.endsWith(".d.ts")) return [];
  const lines = file.text.split("\n");
  const seen = new Set<string>();
  return lines.flatMap((line, index) => {
    const name = line.match(
      /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|interface|type) ([A-Za-z_$][\w$]*)/,
    )?.[1];
    if (name === undefined || seen.has(name)) return [];
    seen.add(name);
    return lines[index - 1]?.trimEnd().endsWith("*/") ? [] : [`${file.path}:${index + 1} ${name}`];
  });
}

describe("error codes", () => {
  const tables = production.filter((file) => /_ERROR_CODES\b\s*=\s*\{/.test(file.text));

  it("are documented, each with a sentence, in their package's table", () => {
    expect(tables.length).toBeGreaterThan(0);
    for (const file of tables) {
      const entries = codeEntries(file);
      expect(entries.length, file.path).toBeGreaterThan(0);
      for (const { code, sentence } of entries) expect(sentence.length, `${file.path}: ${code}`).toBeGreaterThan(20);
    }
  });

  it("are all used: a code that nothing throws is dead", () => {
    const dead = tables.flatMap((table) => {
      const home = table.path.split("/").slice(0, 2).join("/");
      const others = production.filter((file) => file.path.startsWith(`${home}/`));
      return codeEntries(table)
        .map(({ code }) => code)
        .filter((code) => {
          const uses = others.reduce((sum, file) => sum + file.text.split(`"${code}"`).length - 1, 0);
          return uses === 0;
        })
        .map((code) => `${table.path}: ${code}`);
    });
    expect(dead).toEqual([]);
  });
});

/** The entries CODE: "sentence" of a table of error codes. */
function codeEntries(file: SourceFile): { code: string; sentence: string }[] {
  const table = file.text.match(/_ERROR_CODES\b\s*=\s*\{([\s\S]*?)\n\}/)?.[1] ?? "";
  return [...table.matchAll(/^\s*([A-Z][A-Z0-9_]*):\s*("(?:[^"\\]|\\.)*"|`[^`]*`)/gm)].map((match) => ({
    code: match[1] ?? "",
    sentence: match[2] ?? "",
  }));
}

describe("the repository", () => {
  it("speaks of the project alone: no paths of a machine, no tracker's numbers", () => {
    const texts = filesBelow(["."], [".ts", ".tsx", ".mjs", ".md", ".json", ".yaml", ".html"]).filter(
      (file) => !file.path.startsWith("test/src/house/") && file.path !== "pnpm-lock.yaml",
    );
    expect(texts.flatMap((file) => linesMatching(file, file.text, /\/(?:work|root|home)\/|\bissue #?\d+/i))).toEqual(
      [],
    );
  });
});
