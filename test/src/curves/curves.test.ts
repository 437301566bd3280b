import { expect, it } from "vitest";
import { temporaryFolder } from "../running/temporary-folder.ts";
import { largestGap, trainHere } from "./curve.ts";
import { findPython, trainWithPyTorch } from "./pytorch.ts";
import { WORKS } from "./works.ts";

const python = findPython();
if (python === null) {
  process.stderr.write(
    "\n*** SKIPPED: loss curves beside PyTorch's, because no python3 here imports torch (Debian: python3-torch; PYTHON names another)\n\n",
  );
}

it.for(Object.entries(WORKS))("%s has PyTorch's loss at every step", async ([name, work], context) => {
  if (python === null) return context.skip("No python3 here has torch");
  const theirs = trainWithPyTorch(python, name, await temporaryFolder());
  expect(theirs.float64.length).toBe(work.steps);
  const ours = await trainHere(name, work, theirs);
  expect(largestGap(ours, theirs.float64)).toBeLessThan(work.tolerance);
  expect(largestGap(ours, theirs.float32)).toBeLessThan(work.tolerance);
});
