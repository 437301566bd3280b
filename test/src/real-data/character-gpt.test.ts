import { fit } from "tributary";
import { expect, it } from "vitest";
import { realData } from "./real-data.ts";

/** It takes minutes, and runs only where it is asked for. */
const LONG = process.env.LONG === "1";
it("a character GPT reaches 1.95 nats on tiny Shakespeare in minutes, with one core", {
  timeout: 1_200_000,
}, async (context) => {
  const file = realData("tinyshakespeare/input.txt", "a character GPT on tiny Shakespeare");
  if (file === undefined) return context.skip("There is no tiny Shakespeare beside the repository");
  if (!LONG) {
    process.stderr.write(
      "\n*** SKIPPED: a character GPT on tiny Shakespeare, because it takes minutes: set LONG=1\n\n",
    );
    return context.skip("It takes minutes: set LONG=1");
  }
  process.env.TEXT = file;
  const { default: run } = await import("../../../examples/character-gpt.run.ts");
  const { finished } = await fit(run);
  process.stderr.write(`Character GPT: ${finished.testLoss} nats in ${finished.seconds} s\n`);
  expect(finished.testLoss).toBeLessThan(1.95);
});
