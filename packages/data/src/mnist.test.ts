import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { findIdxNames } from "./idx.ts";
import { idx } from "./idx-dataset.ts";

// The real files are not part of the repository; they may lie beside it.
const FOLDER = fileURLToPath(new URL("../../../../shared/data/mnist/", import.meta.url));
const PRESENT = existsSync(FOLDER);
if (!PRESENT) process.stderr.write(`\nSKIPPED: the MNIST test, because there is no folder ${FOLDER}\n\n`);

describe.skipIf(!PRESENT)("the real MNIST", () => {
  async function load() {
    const names = findIdxNames(await readdir(FOLDER));
    if (names === undefined) throw new Error(`There are no IDX files in ${FOLDER}: put MNIST's four files there`);
    const file = (name: string) => async () => new Uint8Array(await readFile(FOLDER + name));
    return idx({
      name: "mnist",
      files: {
        trainImages: file(names.trainImages),
        trainLabels: file(names.trainLabels),
        testImages: file(names.testImages),
        testLabels: file(names.testLabels),
      },
      gunzip: async (bytes, limitBytes) => new Uint8Array(gunzipSync(bytes, { maxOutputLength: limitBytes })),
    });
  }

  it("is read from its gzip files: shapes, first labels, counts and bytes are those of the original test set", async () => {
    const data = await load();
    const { fields, test } = await data.load();
    expect(fields[0]).toEqual({ name: "inputs", dtype: "uint8", shape: [1, 28, 28] });
    expect([...(await data.test.take(10)).targets.data]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    const counts = Array(10).fill(0);
    for (const label of test.columns.targets) counts[label] += 1;
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const md5 = createHash("md5").update(Uint8Array.of(0, 0, 8, 3, 0, 0, 0x27, 0x10, 0, 0, 0, 28, 0, 0, 0, 28));
    // Header and pixels together are the unpacked t10k-images-idx3-ubyte.
    expect(md5.update(test.columns.inputs).digest("hex")).toBe("2646ac647ad5339dbf082846283269ea");
  });
});
