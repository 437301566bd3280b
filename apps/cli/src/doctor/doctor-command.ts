import type { ReporterOutput } from "@tributary/training";
import { CommandError } from "../errors.ts";
import { EXIT_CODES, type ExitCode } from "../exit-codes.ts";
import type { Options } from "../options.ts";
import type { Finding, Standing } from "./finding.ts";
import { gpuFinding } from "./gpu-finding.ts";
import { browserFinding, diskFinding, engineFindings, memoryFinding } from "./machine-findings.ts";
import { certificateFindings, networkFindings } from "./network-findings.ts";
import { pagesFinding } from "./pages-finding.ts";
import { SECURE_CONTEXT_WORDS, SECURE_WAYS } from "./secure-ways.ts";

const MARKS: Readonly<Record<Standing, string>> = { ok: "ok     ", warning: "warning", problem: "problem" };

/**
 * `tributary doctor`: what works on this machine, how to mend what does not, and how other devices get a page with the GPU.
 * @returns 0 when a run can work here, otherwise 1
 */
export async function doctorCommand(
  words: readonly string[],
  options: Options,
  output: ReporterOutput,
  now: Date,
): Promise<ExitCode> {
  if (words.length > 0) {
    throw new CommandError("USAGE", "doctor takes no words", "Write tributary doctor, or tributary doctor --json");
  }
  const findings = await examine(options, now);
  const canRun = findings.every(({ standing }) => standing !== "problem");
  if (options.json) {
    output.data(`${JSON.stringify({ canRun, findings, secureContexts: SECURE_WAYS })}\n`);
  } else {
    output.data(`${[...findingLines(findings), "", ...wayLines(), "", verdict(findings)].join("\n")}\n`);
  }
  return canRun ? EXIT_CODES.done : EXIT_CODES.failure;
}

async function examine(options: Options, now: Date): Promise<Finding[]> {
  return [
    ...engineFindings(),
    memoryFinding(),
    await gpuFinding(),
    browserFinding(),
    pagesFinding(),
    ...(await networkFindings()),
    ...(await certificateFindings(now)),
    diskFinding(options.out),
  ];
}

function findingLines(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ standing, message, remedy }) => [
    `${MARKS[standing]}  ${message}`,
    ...(remedy === null ? [] : [`           ${remedy}`]),
  ]);
}

function wayLines(): string[] {
  return [
    "How other devices get a page with the GPU, in the order to try",
    `  ${SECURE_CONTEXT_WORDS}`,
    ...SECURE_WAYS.flatMap(({ works, how, catch: cost }, index) => [
      `  ${index + 1}. ${works}`,
      `     ${how}`,
      `     but: ${cost}`,
    ]),
  ];
}

function verdict(findings: readonly Finding[]): string {
  const count = (wanted: Standing) => findings.filter(({ standing }) => standing === wanted).length;
  const problems = count("problem");
  if (problems > 0) return `A run cannot work here yet: ${problems} problem${problems === 1 ? "" : "s"}.`;
  const warnings = count("warning");
  const beside = warnings === 0 ? "" : ` ${warnings} thing${warnings === 1 ? " is" : "s are"} worth a look above.`;
  return `A run can work here.${beside}`;
}
