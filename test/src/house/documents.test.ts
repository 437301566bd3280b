import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROTOCOL_VERSION } from "@tributary/protocol";
import { describe, expect, it } from "vitest";
import { filesBelow, ROOT } from "./source-tree.ts";

const documents = filesBelow(["."], [".md"]);

/** Folders at the root that a path in backticks may begin with; other words with a slash are no paths of this repository. */
const ROOT_FOLDERS = ["packages", "apps", "test", "bench", "examples", "docs", "scripts"];

/** Folders that a command makes, and git leaves out. */
const MADE_FOLDERS = ["bench/.peers"];

/** Paths that a document names in backticks, from the root. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`([\w.-]+\/[\w./-]*)`/g)]
    .map((match) => match[1] ?? "")
    .filter((path) => ROOT_FOLDERS.includes(path.split("/")[0] ?? ""))
    .filter((path) => !MADE_FOLDERS.some((folder) => path.startsWith(folder)));
}

/** Where a document's links and pictures lead, unless out of the repository or to a place on the same page. */
function linksIn(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map((match) => match[1] ?? "").filter((to) => !/^\w+:/.test(to));
}

describe("documents", () => {
  it("name only files and folders that there are", () => {
    const found = documents.flatMap(({ path, text }) => [
      ...pathsIn(text)
        .filter((named) => ![ROOT, join(ROOT, dirname(path))].some((folder) => existsSync(join(folder, named))))
        .map((named) => `${path} names ${named}`),
      ...linksIn(text)
        .filter((to) => !existsSync(join(ROOT, dirname(path), to)))
        .map((to) => `${path} links to ${to}`),
    ]);
    expect(found).toEqual([]);
  });

  it("in docs are all in its index", () => {
    const index = readFileSync(join(ROOT, "docs/README.md"), "utf8");
    const pages = documents.map(({ path }) => path).filter((path) => /^docs\/[^/]+\.md$/.test(path));
    expect(pages.filter((path) => path !== "docs/README.md" && !index.includes(`(${path.slice(5)})`))).toEqual([]);
  });
});

describe("PROTOCOL.md", () => {
  const text = readFileSync(join(ROOT, "PROTOCOL.md"), "utf8");
  const rules = [...text.matchAll(/\*\*\[([A-Z]\d+)\]\*\*/g)].map((match) => match[1] ?? "");

  it("gives each rule a number of its own", () => {
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  });

  it("has the rules that titles of tests name, and no others", () => {
    const named = filesBelow(["packages", "apps", "test"], [".test.ts"]).flatMap(({ text: code }) =>
      [...code.matchAll(/["`](?:\[\w+\] )*\[([A-Z]\d+)\] /g)].map((match) => match[1] ?? ""),
    );
    expect([...new Set(named)].sort()).toEqual([...rules].sort());
  });

  it("is of the code's version", () => {
    expect(text).toContain(`\nVersion ${PROTOCOL_VERSION}. `);
    expect(text).toContain(`\`tributary.v${PROTOCOL_VERSION}\``);
  });
});
