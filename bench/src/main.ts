// npm run bench -- SUITE [--json] [--peers] [work ...]
import { parseArgs } from "node:util";
import { resultTable } from "./result-table.ts";
import type { Refusal, Result, Suite, SuiteOptions } from "./suite.ts";
import { SUITES } from "./suites.ts";

/** Exit code for what was asked wrongly, as shells have it. */
const USAGE = 2;

/** People's words go to standard error: standard output holds results alone. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function helpText(): string {
  const suites = Object.entries(SUITES).flatMap(([name, { what, works }]) => [
    `  ${name.padEnd(8)} ${what}`,
    ...Object.entries(works).map(([work, line]) => `    ${work.padEnd(8)} ${line}`),
  ]);
  return [
    "npm run bench -- SUITE [--json] [--peers] [work ...]",
    "",
    "  --json   one JSON object a line on standard output, and nothing else there",
    "  --peers  also installs other frameworks (into bench/.peers) and runs them side by side",
    "  --peak-gflops N  the GPU's float32 peak: products on it tell their part of that",
    "",
    "Suites and their works (all works, if none is named):",
    ...suites,
  ].join("\n");
}

/** What was asked for, or the line that says what is wrong with it. */
function parseCommand(given: readonly string[]) {
  try {
    const flag = { type: "boolean" } as const;
    const options = { json: flag, peers: flag, "peak-gflops": { type: "string" }, help: flag } as const;
    const { values, positionals } = parseArgs({ args: [...given], options, allowPositionals: true });
    return { ...values, positionals };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type RunOptions = Pick<SuiteOptions, "peers" | "peakGflops"> & { readonly json: boolean };

async function runSuite(suite: Suite, works: readonly string[], options: RunOptions) {
  const results: Result[] = [];
  const report = (result: Result): void => {
    results.push(result);
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  };
  const reportRefusal = (refusal: Refusal): void => {
    if (options.json) process.stdout.write(`${JSON.stringify(refusal)}\n`);
  };
  const whole = await suite.run({ ...options, works, say, report, reportRefusal });
  if (!options.json) process.stdout.write(`${resultTable(results, suite.ours)}\n`);
  return whole;
}

function refuse(line: string): number {
  say(`${line}\n\n${helpText()}`);
  return USAGE;
}

/** @returns the exit code */
async function main(given: readonly string[]): Promise<number> {
  const command = parseCommand(given);
  if (typeof command === "string") return refuse(command);
  const [suiteName, ...named] = command.positionals;
  if (command.help === true || suiteName === "help" || suiteName === "list") {
    process.stdout.write(`${helpText()}\n`);
    return 0;
  }
  if (suiteName === undefined) return refuse("Name a suite");
  const suite = Object.hasOwn(SUITES, suiteName) ? SUITES[suiteName] : undefined;
  if (suite === undefined) return refuse(`There is no suite ${JSON.stringify(suiteName)}`);
  const unknown = named.filter((work) => !Object.hasOwn(suite.works, work));
  if (unknown.length > 0) return refuse(`Suite ${suiteName} has no work ${unknown.join(", ")}`);
  const works = named.length === 0 ? Object.keys(suite.works) : named;
  const { json = false, peers = false, "peak-gflops": peak } = command;
  const peakGflops = peak === undefined ? null : Number(peak);
  if (peakGflops !== null && !(peakGflops > 0))
    return refuse(`--peak-gflops is ${JSON.stringify(peak)}: give a number above 0`);
  return (await runSuite(suite, works, { json, peers, peakGflops })) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
