import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Command, DIGITS_RUN, ROOT } from "../running/command.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";

/** The real files are no part of the repository; they may lie beside it. */
const MNIST = join(ROOT, "..", "shared", "data", "mnist");

it("trains the example on the real MNIST to 97% of its 10,000 test images", async (context) => {
  if (!existsSync(MNIST)) {
    process.stderr.write(`\n*** SKIPPED: training on MNIST, because there is no folder ${MNIST}\n\n`);
    context.skip("There are no MNIST files beside the repository");
  }
  const folder = await temporaryFolder();
  const options = ["--workers", "2", "--data", MNIST, "--epochs", "5", "--json", "--out", folder];
  const command = await Command.run(["train", DIGITS_RUN, ...options], folder);
  expect(command.code).toBe(0);
  const [finished] = command.named("finished");
  expect(finished).toMatchObject({ samples: 50_000 });
  expect(finished?.testAccuracy).toBeGreaterThanOrEqual(0.97);
});
