import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { largestGap, trainHere } from "./curve.ts";
import { findPython, type PyTorchRun, trainWithPyTorch } from "./pytorch.ts";
import { WORKS, type Work } from "./works.ts";

const FILE = join(import.meta.dirname, "../../../docs/curves.md");
/** Lines of a work's table. */
const LINES = 10;

const INTRODUCTION = `# Loss curves beside PyTorch's

The same models trained from the same initial weights, which travel as safetensors by PyTorch's names, on the same batches: by PyTorch in float64 and
in float32, and by Tributary's wasm backend, which computes in float32, with the program of a whole step that \`traceRun\` makes. The models are those
of the benchmarks; batches are smaller, and gpt sees 32 tokens, so that this takes a minute or two. A gap is the largest difference of a loss over all
steps, as a share of PyTorch's.

\`node test/src/curves/write-curves.ts\` (with the Node of the workspace, \`node_modules/.bin/node\`) trains all of them and writes this page, where a
Python imports torch (Debian: python3-torch; \`PYTHON\` names another). \`test/src/curves/curves.test.ts\` checks the gaps.
`;

function percent(gap: number): string {
  return gap.toExponential(1);
}

function summary(name: string, work: Work, theirs: PyTorchRun, ours: readonly number[]): string {
  const gaps = [
    largestGap(ours, theirs.float64),
    largestGap(ours, theirs.float32),
    largestGap(theirs.float32, theirs.float64),
  ];
  return `| ${name} | ${work.what} | ${work.steps} | ${gaps.map(percent).join(" | ")} | ${percent(work.tolerance)} |`;
}

function table(name: string, theirs: PyTorchRun, ours: readonly number[]): string {
  const every = Math.ceil(ours.length / LINES);
  const steps = ours.map((_, step) => step).filter((step) => step % every === 0 || step === ours.length - 1);
  const lines = steps.map((step) => {
    const losses = [theirs.float64[step], theirs.float32[step], ours[step]];
    return `| ${step + 1} | ${losses.map((loss) => loss.toFixed(7)).join(" | ")} |`;
  });
  return `\n## ${name}\n\n| step | PyTorch, float64 | PyTorch, float32 | Tributary |\n|---|---|---|---|\n${lines.join("\n")}`;
}

async function main(): Promise<void> {
  const python = findPython();
  if (python === null)
    throw new Error("No python3 here imports torch: install it (Debian: python3-torch), or name one in PYTHON");
  const folder = mkdtempSync(join(tmpdir(), "tributary-curves-"));
  const summaries: string[] = [];
  const tables: string[] = [];
  let torch = "";
  for (const [name, work] of Object.entries(WORKS)) {
    const theirs = trainWithPyTorch(python, name, folder);
    const ours = await trainHere(name, work, theirs);
    torch = theirs.torch;
    summaries.push(summary(name, work, theirs, ours));
    tables.push(table(name, theirs, ours));
    process.stderr.write(`${summaries.at(-1)}\n`);
  }
  rmSync(folder, { recursive: true });
  const head = `| work | | steps | gap to float64 | gap to float32 | PyTorch's own gap | allowed |\n|---|---|---|---|---|---|---|`;
  writeFileSync(FILE, `${INTRODUCTION}\nPyTorch ${torch}:\n\n${head}\n${summaries.join("\n")}\n${tables.join("\n")}\n`);
}

await main();
