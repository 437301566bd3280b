import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Device, open } from "@tributary/kernels";
import { type Deviation, largest } from "./deviation.ts";
import type { Fixture } from "./fixture.ts";
import { readFixtures, readIndex } from "./fixture-files.ts";
import { measure } from "./measurement.ts";
import { ROWS } from "./rows.ts";

const FILE = join(import.meta.dirname, "../../../docs/parity.md");
const BACKENDS = ["reference", "wasm"] as const;

function introduction(torch: string): string {
  return `# Agreement with PyTorch

Every row is a layer, loss, optimizer or schedule of \`@tributary/nn\` beside the same one of PyTorch ${torch}. PyTorch computes in float64, from
parameters and inputs that float32 holds exactly; Tributary computes in float32, on each backend. Compared are the outputs, the gradient of every
parameter and input under a fixed random cotangent, and what five steps leave of the parameters: of the optimizer named, or, for layers and losses, of
SGD with the rate 0.05 and the momentum 0.9. RMSNorm, Lion, hinge, global pools and positions, which that PyTorch does not have, and NAdam, which
PyTorch 2 mended, are computed in PyTorch by their formulas.

A number is the largest deviation over all of a row's tensors, as a share of what is allowed: up to 1 a row agrees.

| allowance | of one element |
|---|---|
| elementwise | 1e-6 + 1e-5 \\|r\\|, where r is PyTorch's number |
| contraction | 1e-6 times the sum of \\|a b\\|: the same layer in float64 on the absolute values of parameters, inputs and cotangent |
| composed | 1e-6 + 1e-5 \\|r\\| + 1e-6 c, where c is what a relative change of 1 in every parameter, input and cotangent can change r by, to first order: the sum of \\|dr/dv v\\|, in float64. For a product of two vectors that is twice the sum of \\|a b\\| |
| norm | parameters after steps: norm of the difference over norm, 1e-5 |

\`node test/src/parity/write-table.ts\` (with the Node of the workspace, \`node_modules/.bin/node\`) writes this page; \`test/src/parity/parity.test.ts\`
checks every row. \`python3 test/src/parity/make_fixtures.py\` writes the fixtures anew where Python has torch. [Loss curves](curves.md) of whole trainings stand on a page of their own.

TensorFlow.js is a second witness: \`test/src/tfjs\` compares 300 random operations and shapes, with their derivatives, on both backends. That test runs
where TensorFlow.js is: \`npm run bench -- cpu --peers\` installs it into \`bench/.peers\`, and \`PEERS=FOLDER\` names another folder in which
\`npm install @tensorflow/tfjs@4.22.0\` was run. Elsewhere it says that it is skipped.
`;
}

async function deviationOn(device: Device, fixture: Fixture): Promise<Deviation> {
  const row = ROWS[fixture.family]?.[fixture.name];
  if (row === undefined) throw new Error(`rows.ts has no ${fixture.family}: ${fixture.name}`);
  return largest(await measure(device, fixture, row));
}

function shown(deviation: Deviation): string {
  return deviation.ratio.toPrecision(2);
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}

async function main(): Promise<void> {
  const devices: Device[] = [];
  for (const backend of BACKENDS) devices.push(await open(backend));
  const lines = [introduction(readIndex().torch)];
  let family = "";
  for (const fixture of readFixtures()) {
    if (fixture.family !== family) {
      family = fixture.family;
      lines.push(`\n## ${family[0]?.toUpperCase()}${family.slice(1)}\n`);
      lines.push(`| row | in PyTorch | allowance | ${BACKENDS.join(" | ")} | agrees |\n|---|---|---|---|---|---|`);
    }
    const deviations: Deviation[] = [];
    for (const device of devices) deviations.push(await deviationOn(device, fixture));
    const agrees = deviations.every(({ ratio }) => ratio <= 1) ? "yes" : "NO";
    const numbers = deviations.map(shown).join(" | ");
    lines.push(`| ${fixture.name} | \`${escaped(fixture.pytorch)}\` | ${fixture.allowance} | ${numbers} | ${agrees} |`);
    for (const deviation of deviations) {
      if (deviation.ratio > 1) {
        process.stderr.write(
          `${family}: ${fixture.name}: ${deviation.tensor} ${deviation.worst} (${shown(deviation)})\n`,
        );
      }
    }
  }
  for (const device of devices) device.dispose();
  writeFileSync(FILE, `${lines.join("\n").replaceAll("\n\n\n", "\n\n")}\n`);
}

await main();
