import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorPage, errorTables } from "./error-page.ts";
import { ROOT } from "./source-tree.ts";

it("docs/errors.md holds the tables of error codes as they are: run test/src/house/write-errors.ts after changing one", async () => {
  expect(readFileSync(join(ROOT, "docs/errors.md"), "utf8")).toBe(errorPage(await errorTables()));
});

it("a sentence about a code begins with a capital and ends without a period", async () => {
  const found = (await errorTables()).flatMap(({ home, sentences }) =>
    Object.entries(sentences)
      .filter(([, sentence]) => !/^[A-Z].*[^.]$/.test(sentence))
      .map(([code, sentence]) => `${home}: ${code}: ${sentence}`),
  );
  expect(found).toEqual([]);
});
