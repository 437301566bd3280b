import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TINY_RUN } from "../cli/run-files.ts";
import { Command } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";

/** Trains a run file of this text, and gives its exit code and all it said on both streams. */
async function refused(folder: string, text: string, ...options: string[]) {
  const file = join(folder, `${crypto.randomUUID()}.run.ts`);
  await writeFile(file, text);
  const command = await Command.run(["train", file, "--workers", "1", "--json", ...options], folder);
  expect(command.words).toBe("");
  expect(command.lines).toHaveLength(1);
  const [error] = command.named("error");
  return { file, exit: command.code, code: error?.code, message: error?.message };
}

/** The run file with another text in place of one of its own. */
function changed(from: string, to: string): string {
  expect(TINY_RUN).toContain(from);
  return TINY_RUN.replace(from, to);
}

describe("tributary train tells a mistake in one line, with exit code 3", () => {
  it("a run file with an error of syntax, a misspelt import, or a wrong option: file and line", async () => {
    const folder = await temporaryFolder();
    const [syntax, duplicate, spelling, option] = await Promise.all([
      refused(folder, changed("new Linear(784, 10))", "new Linear(784, 10)")),
      refused(folder, `${TINY_RUN}const one = 1;\nconst one = 2;\n`),
      refused(folder, changed("crossEntropy, defineRun", "crossEntropie, defineRun")),
      refused(folder, changed("learningRate: 0.05", "learningRate: -1")),
    ]);
    expect(syntax).toMatchObject({ exit: 3, code: "RUN_FILE_INVALID" });
    expect(syntax.message).toMatch(new RegExp(`^${syntax.file}:\\d+ cannot be loaded: `));
    expect(duplicate.message).toBe(`${duplicate.file}:15 cannot be loaded: Identifier 'one' has already been declared`);
    expect(spelling.message).toMatch(/:2 cannot be loaded: .*'crossEntropie'/);
    expect(option).toMatchObject({ exit: 3, code: "RUN_FILE_INVALID" });
    expect(option.message).toBe(`${option.file}:9 cannot be loaded: sgd: learningRate is -1, but must be at least 0`);
  });

  it("data that is not there, or that does not fit the model", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "empty"));
    const [absent, empty, labels, layer] = await Promise.all([
      refused(folder, TINY_RUN, "--data", "nowhere"),
      refused(folder, TINY_RUN, "--data", "empty"),
      refused(folder, changed("Linear(784, 10)", "Linear(784, 7)")),
      refused(folder, changed("Linear(784, 10)", "Linear(28, 10)")),
    ]);
    expect(absent).toMatchObject({ exit: 3, code: "DATA_INVALID" });
    expect(absent.message).toContain(join(folder, "nowhere"));
    expect(empty).toMatchObject({ exit: 3, message: expect.stringContaining(join(folder, "empty")) });
    expect(labels).toMatchObject({ exit: 3, code: "LABEL_OUT_OF_RANGE" });
    expect(labels.message).toMatch(
      /^Sample \d+ of train has [789] in targets, but crossEntropy takes 0 to 6 .*7 classes/,
    );
    expect(layer).toMatchObject({ exit: 3, code: "SHAPE_MISMATCH" });
    expect(layer.message).toMatch(/^Layer 1: Linear takes \[\.\.\., 28\], but got \[\d+, 784\]/);
  });
});
