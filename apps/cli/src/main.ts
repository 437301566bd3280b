import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { DataError } from "@tributary/data";
import type { ReporterOutput } from "@tributary/training";
import { TrainingError } from "@tributary/training";
import { dataCommand } from "./data-command.ts";
import { doctorCommand } from "./doctor/doctor-command.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { COMMANDS, type CommandName, commandHelp, commandsWith, overview } from "./help.ts";
import { join } from "./join.ts";
import { nearestName, parseArguments } from "./options.ts";
import { train } from "./train.ts";

/** The command `tributary`: reads the words, runs the command, tells errors with their remedy, and ends with the exit code. */

const output: ReporterOutput = {
  data: (text) => process.stdout.write(text),
  words: (text) => process.stderr.write(text),
  columns: () =>
    process.stderr.isTTY && !process.env.CI && process.env.TERM !== "dumb" ? process.stderr.columns : null,
  nowMs: () => performance.now(),
};

async function run(words: readonly string[]): Promise<ExitCode> {
  const [name, ...rest] = words;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    const [about] = rest;
    process.stdout.write(about === undefined ? overview() : commandHelp(COMMANDS[commandNamed(about)]));
    return EXIT_CODES.done;
  }
  if (name === "--version" || name === "version") {
    process.stdout.write(`${version()}\n`);
    return EXIT_CODES.done;
  }
  const command = COMMANDS[commandNamed(name)];
  const { options, positionals } = parseArguments(rest, command.options, commandsWith);
  if (options.help) {
    process.stdout.write(commandHelp(command));
    return EXIT_CODES.done;
  }
  const operand = () => onlyOperand(command.name, command.operands, positionals);
  const surroundings = { output, now: () => new Date() };
  switch (command.name) {
    case "train":
      return await train(operand(), options, null, surroundings);
    case "serve":
      return await train(operand(), options, 0, surroundings);
    case "join":
      return await join(operand(), options, output);
    case "doctor":
      return await doctorCommand(positionals, options, output, new Date());
    case "data":
      return await dataCommand(positionals, options, { output, fetch });
    default:
      return command satisfies never;
  }
}

/** Commands that the documents speak of, and that do not work yet. */
const PLANNED = ["resume", "evaluate", "predict", "inspect"];

function version(): string {
  const about: { readonly version: string } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  return about.version;
}

function commandNamed(word: string): CommandName {
  const names: CommandName[] = ["train", "serve", "join", "data", "doctor"];
  const found = names.find((name) => name === word);
  if (found !== undefined) return found;
  if (PLANNED.includes(word)) {
    throw new CommandError("USAGE", `tributary ${word} is not there yet`, `Use one of ${names.join(", ")}`);
  }
  const nearest = nearestName(word, names);
  throw new CommandError(
    "USAGE",
    `There is no command ${JSON.stringify(word)}`,
    nearest === null ? `Use one of ${names.join(", ")}` : `Did you mean ${nearest}?`,
  );
}

function onlyOperand(command: string, operands: string, positionals: readonly string[]): string {
  const [operand, ...more] = positionals;
  if (operand !== undefined && more.length === 0) return operand;
  const what =
    operand === undefined
      ? `${command} needs ${operands}`
      : `${command} takes one ${operands}, not ${positionals.length}`;
  throw new CommandError("USAGE", what, `Write tributary ${command} ${operands}`);
}

/** The exit code for errors that carry no exit code of their own. */
function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof TrainingError && error.code === "DIVERGED") return EXIT_CODES.diverged;
  if (error instanceof TrainingError || error instanceof DataError) return EXIT_CODES.invalidRunOrData;
  if (codeOf(error) === "JOIN_ADDRESS") return EXIT_CODES.wrongUsage;
  // What tracing a run throws: shapes, dtypes and options that do not fit each other.
  if (error instanceof Error && ["NnError", "AutogradError", "ProgramError"].includes(error.name))
    return EXIT_CODES.invalidRunOrData;
  return EXIT_CODES.failure;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "FAILED";
}

/** Classes whose messages say what is wrong, then ": " and how to mend it. */
const TWO_PART_ERRORS = ["NodeWorkerError", "WorkerError", "KernelError"];

/** What is wrong, and how to mend it. */
function partsOf(error: unknown): { readonly message: string; readonly remedy: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommandError) return { message, remedy: error.remedy };
  const [what = message, mend, ...more] = message.split(": ");
  if (error instanceof Error && TWO_PART_ERRORS.includes(error.name) && mend !== undefined && more.length === 0) {
    return { message: what, remedy: mend.charAt(0).toUpperCase() + mend.slice(1) };
  }
  return { message, remedy: "See the message; set DEBUG=1 for the whole error" };
}

/** Tells an error as a line of JSON where that is asked for, otherwise in words; the stack only with DEBUG. */
function tell(error: unknown, asJson: boolean): void {
  const { message, remedy } = partsOf(error);
  if (asJson) process.stdout.write(`${JSON.stringify({ event: "error", code: codeOf(error), message, remedy })}\n`);
  else process.stderr.write(`Error ${codeOf(error)}: ${message}\n  ${remedy}\n`);
  if (process.env.DEBUG && error instanceof Error) process.stderr.write(`${inspect(error)}\n`);
}

/** Milliseconds that a command which failed has for ending by itself. */
const CLOSING_MS_MAX = 2_000;

/** Whoever read this command's words is gone, as with `| head`: the command ends as SIGTERM would have it. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  if (process.listenerCount("SIGTERM") === 0) process.exit(EXIT_CODES.terminated);
  process.kill(process.pid, "SIGTERM");
}

process.stdout.on("error", onOutputError);
process.stderr.on("error", onOutputError);
const words = process.argv.slice(2);
try {
  process.exitCode = await run(words);
} catch (error) {
  tell(error, words.includes("--json"));
  process.exitCode = exitCodeOf(error);
  // Whatever was opened before the error may still be closing; what never closes does not keep the command.
  setTimeout(() => process.exit(), CLOSING_MS_MAX).unref();
}
