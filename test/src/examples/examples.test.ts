import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withOverrides } from "@tributary/training";
import { digits, fit, history } from "tributary";
import { describe, expect, it } from "vitest";
import { pretrain } from "../../../examples/autoencoder.ts";
import characterGpt from "../../../examples/character-gpt.run.ts";
import digitsRun from "../../../examples/digits.run.ts";
import { closedForm, descent } from "../../../examples/linear-regression.ts";
import { pictures } from "../../../examples/representations.ts";
import residual from "../../../examples/residual.run.ts";
import shells from "../../../examples/shells.run.ts";
import sine from "../../../examples/sine.run.ts";
import xor from "../../../examples/xor.run.ts";
import { ROOT } from "../running/command.ts";

/** Lines that an example may have, so that it is read in one go. */
const LINES_MAX = 60;
const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47];

describe("the examples", () => {
  const folder = join(ROOT, "examples");
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));

  it.each(files)("%s is short, and says at its head what to expect of it", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(LINES_MAX);
    if (name !== "random-numbers.ts") expect(text).toMatch(/^\/\/ .*\n(\/\/ .*\n)*\/\/ Expected: /);
  });

  it("linear regression ends at the closed form", async () => {
    const [exact, found] = [closedForm(), await descent()];
    expect(exact.map((value) => value.toFixed(4))).toEqual(["3.0024", "-2.0008", "0.4971"]);
    found.forEach((value, index) => {
      expect(value).toBeCloseTo(exact[index] ?? Number.NaN, 5);
    });
  });

  it("two layers learn exclusive or", async () => {
    const { finished } = await fit(xor);
    expect(finished.testAccuracy).toBe(1);
    expect(finished.testLoss).toBeLessThan(0.001);
  });

  it("the table of shells is classified", async () => {
    const { finished } = await fit(shells);
    expect(finished.testAccuracy).toBeGreaterThanOrEqual(0.95);
  });

  it("the sine is foretold with less than a quarter of the error of a forecast that nothing changes", async () => {
    const { finished } = await fit(sine);
    expect(finished.testLoss).toBeLessThan(0.25 * (finished.testPersistence ?? 0));
  });

  it("the autoencoder gets better by a second layer that is tuned", async () => {
    const [first = 0, , tuned = 0] = await pretrain({ train: 640, test: 64, epochs: 3 });
    // The mean digit alone leaves about 0.07.
    expect(first).toBeLessThan(0.07);
    expect(tuned).toBeLessThan(first);
  });

  it("LeNet and the residual network learn digits at small size", async () => {
    const data = digits({ train: 1_280, test: 200 });
    for (const run of [digitsRun, residual]) {
      const { finished } = await fit(withOverrides(run, { data, epochs: 6 }));
      expect(finished.testAccuracy, run.name).toBeGreaterThan(0.8);
    }
  });

  it("the transformer learns a text", async () => {
    const kept = history();
    await fit(withOverrides(characterGpt, { epochs: 1, steps: 50 }), { callbacks: [kept] });
    // The frequencies of single characters give about 3 nats.
    expect(kept.steps.at(-1)?.loss).toBeLessThan(2.8);
  });

  it("representations are pictures", async () => {
    const files = await pictures(withOverrides(digitsRun, { data: digits({ train: 64, test: 100 }), steps: 1 }), [3]);
    expect([...files.keys()]).toEqual(["digit-3.png"]);
    expect([...(files.get("digit-3.png") ?? []).slice(0, 4)]).toEqual(PNG_SIGNATURE);
  });
});
