import { parseArgs } from "node:util";
import { CommandError } from "./errors.ts";

/** The backends that a person may name. */
const BACKEND_NAMES = ["auto", "wasm", "webgpu", "reference"] as const;

/** How an option's text is read. */
type OptionKind = "flag" | "text" | "count" | "natural" | "port" | "positiveNumber" | "backend" | "mode";

interface OptionRow {
  readonly kind: OptionKind;
  /** Placeholder of the value in the help; empty for a flag. */
  readonly value: string;
  readonly help: string;
}

/** Every option there is, in the order of the help. */
export const OPTIONS = {
  workers: { kind: "natural", value: "N", help: "local worker processes (default: number of cores)" },
  threads: { kind: "count", value: "N", help: "compute threads in each worker (default: 1)" },
  backend: { kind: "backend", value: "NAME", help: "auto, wasm, webgpu or reference (default: auto)" },
  epochs: { kind: "count", value: "N", help: "passes over the training data" },
  steps: { kind: "count", value: "N", help: "stop after so many updates" },
  "batch-size": { kind: "count", value: "N", help: "samples of one step, over all workers" },
  "learning-rate": { kind: "positiveNumber", value: "X", help: "in place of the run file's" },
  seed: { kind: "natural", value: "N", help: "of initialisation, order and dropout" },
  data: {
    kind: "text",
    value: "PATH",
    help: "folder, CSV, NPZ, NPY or text file, or a fetched dataset's name, in place of the run's",
  },
  out: { kind: "text", value: "FOLDER", help: "where model, checkpoint and metrics go (default: runs/NAME-TIME)" },
  mode: { kind: "mode", value: "NAME", help: "sync (async and local are not there yet)" },
  codec: { kind: "text", value: "NAME", help: "how gradients travel: float32 or float16 (default: float32)" },
  port: { kind: "port", value: "N", help: "to listen on (default: a free one)" },
  host: { kind: "text", value: "ADDRESS", help: "to listen on (default: 127.0.0.1, this machine only)" },
  token: {
    kind: "text",
    value: "TOKEN",
    help: "that joining takes (default beyond this machine: a random one); or in TRIBUTARY_TOKEN",
  },
  "admin-token": {
    kind: "text",
    value: "TOKEN",
    help: "that pausing, saving and stopping take (default: a random one, in the dashboard's address); or in TRIBUTARY_ADMIN_TOKEN",
  },
  lan: {
    kind: "flag",
    value: "",
    help: "let devices in this network join: https, a code to scan, and the steps for phones",
  },
  cert: { kind: "text", value: "FILE", help: "with --lan or --host: your own certificate chain, PEM" },
  key: { kind: "text", value: "FILE", help: "the private key of --cert, PEM" },
  domain: { kind: "text", value: "NAME", help: "where a tunnel or a proxy shows this coordinator to others" },
  ca: { kind: "text", value: "FILE", help: "certificate authority to trust, PEM: the coordinator's ca.crt" },
  name: { kind: "text", value: "NAME", help: "of this worker, shown to people" },
  open: { kind: "flag", value: "", help: "open the coordinator's page in the browser" },
  json: { kind: "flag", value: "", help: "one JSON object a line on standard output, and nothing else there" },
  quiet: { kind: "flag", value: "", help: "no progress; errors and the result only" },
  help: { kind: "flag", value: "", help: "this text" },
} as const satisfies Record<string, OptionRow>;

/** Name of an option, without its dashes. */
export type OptionName = keyof typeof OPTIONS;

/** Values of the options that were given. */
export interface Options {
  readonly workers?: number;
  readonly threads?: number;
  readonly backend?: (typeof BACKEND_NAMES)[number];
  readonly epochs?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly data?: string;
  readonly out?: string;
  readonly codec?: string;
  readonly port?: number;
  readonly host?: string;
  readonly token?: string;
  readonly adminToken?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly domain?: string;
  readonly ca?: string;
  readonly name?: string;
  readonly lan: boolean;
  readonly open: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly help: boolean;
}

/** A command's words after its name: options, and what is none. */
export interface ParsedArguments {
  readonly options: Options;
  readonly positionals: readonly string[];
}

const PORT_MAX = 65_535;
/** Processes of one command: as many workers as a coordinator takes. */
export const LOCAL_WORKERS_MAX = 256;
/** Compute threads of one worker: more than any machine has cores for. */
const THREADS_MAX = 256;

/**
 * Reads a command's words.
 * @param holders which commands have an option of this name
 * @throws CommandError USAGE naming the word, what was expected and the nearest option there is
 */
export function parseArguments(
  words: readonly string[],
  allowed: readonly OptionName[],
  holders: (name: string) => readonly string[] = () => [],
): ParsedArguments {
  const { values, positionals, tokens } = parseArgs({
    args: [...words],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: {
      ...Object.fromEntries(
        Object.entries(OPTIONS).map(([name, row]): [string, { type: "boolean" | "string" }] => [
          name,
          { type: row.kind === "flag" ? "boolean" : "string" },
        ]),
      ),
      help: { type: "boolean", short: "h" },
      quiet: { type: "boolean", short: "q" },
    },
  });
  for (const token of tokens) {
    if (token.kind === "option") checkOption(token.name, token.rawName, allowed, holders);
  }
  const read = (name: OptionName): string | undefined => textOf(name, values[name]);
  const options: Options = {
    ...optional("workers", wholeNumber("workers", read("workers"), 0, LOCAL_WORKERS_MAX)),
    ...optional("threads", wholeNumber("threads", read("threads"), 1, THREADS_MAX)),
    ...optional("backend", oneOf("backend", read("backend"), BACKEND_NAMES)),
    ...optional("epochs", wholeNumber("epochs", read("epochs"), 1)),
    ...optional("steps", wholeNumber("steps", read("steps"), 1)),
    ...optional("batchSize", wholeNumber("batch-size", read("batch-size"), 1)),
    ...optional("learningRate", positiveNumber("learning-rate", read("learning-rate"))),
    ...optional("seed", wholeNumber("seed", read("seed"), 0)),
    ...optional("data", read("data")),
    ...optional("out", read("out")),
    ...optional("codec", read("codec")),
    ...optional("port", wholeNumber("port", read("port"), 0, PORT_MAX)),
    ...optional("host", read("host")),
    ...optional("token", read("token")),
    ...optional("adminToken", read("admin-token")),
    ...optional("cert", read("cert")),
    ...optional("key", read("key")),
    ...optional("domain", read("domain")),
    ...optional("ca", read("ca")),
    ...optional("name", read("name")),
    lan: values.lan === true,
    open: values.open === true,
    json: values.json === true,
    quiet: values.quiet === true,
    help: values.help === true,
  };
  checkMode(read("mode"));
  return { options, positionals };
}

/** An absent value leaves its key out, which exactOptionalPropertyTypes asks for. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  const entry: { [K in Key]?: Value } = {};
  if (value !== undefined) entry[key] = value;
  return entry;
}

function checkOption(
  name: string,
  raw: string,
  allowed: readonly OptionName[],
  holders: (name: string) => readonly string[],
): void {
  if (allowed.some((candidate) => candidate === name)) return;
  const elsewhere = holders(name).map((command) => `tributary ${command}`);
  if (elsewhere.length > 0) {
    throw new CommandError("USAGE", `This command has no option ${raw}`, `It belongs to ${elsewhere.join(", ")}`);
  }
  const nearest = nearestName(name, allowed);
  throw new CommandError(
    "USAGE",
    `This command has no option ${raw}`,
    nearest === null ? "See --help for its options" : `Did you mean --${nearest}?`,
  );
}

function textOf(name: OptionName, value: unknown): string | undefined {
  if (value === undefined || OPTIONS[name].kind === "flag") return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new CommandError("USAGE", `--${name} needs a value`, `Write --${name} ${OPTIONS[name].value}`);
}

function wholeNumber(name: OptionName, text: string | undefined, least: number, most = Number.MAX_SAFE_INTEGER) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new CommandError("USAGE", `--${name} is ${JSON.stringify(text)}`, `Give a whole number ${range}`);
}

function positiveNumber(name: OptionName, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new CommandError("USAGE", `--${name} is ${JSON.stringify(text)}`, "Give a number above 0, such as 0.001");
}

function oneOf<Name extends string>(name: OptionName, text: string | undefined, names: readonly Name[]) {
  if (text === undefined) return undefined;
  const found = names.find((candidate) => candidate === text);
  if (found !== undefined) return found;
  throw new CommandError("USAGE", `--${name} is ${JSON.stringify(text)}`, `Choose one of ${names.join(", ")}`);
}

function checkMode(text: string | undefined): void {
  const mode = oneOf("mode", text, ["sync", "async", "local"]);
  if (mode === undefined || mode === "sync") return;
  throw new CommandError("USAGE", `--mode ${mode} is not there yet`, "Leave --mode out, or use --mode sync");
}

/** The name with the fewest single-letter edits, if it takes at most three. */
export function nearestName<Name extends string>(word: string, names: readonly Name[]): Name | null {
  const ranked = names.map((name) => ({ name, edits: editDistance(word, name) })).sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  return best !== undefined && best.edits <= 3 ? best.name : null;
}

/** Levenshtein's distance: insertions, deletions and replacements of one letter. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
