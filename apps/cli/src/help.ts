import { OPTIONS, type OptionName } from "./options.ts";

/** What a command is, for its help and for reading its words. */
export interface CommandDescription {
  readonly name: string;
  /** What comes after the name, options aside: "RUN.ts". */
  readonly operands: string;
  readonly does: string;
  readonly examples: readonly string[];
  readonly options: readonly OptionName[];
}

const RUN_OPTIONS: readonly OptionName[] = [
  "epochs",
  "steps",
  "batch-size",
  "learning-rate",
  "seed",
  "data",
  "out",
  "mode",
  "codec",
  "backend",
  "port",
  "host",
  "token",
  "admin-token",
  "lan",
  "cert",
  "key",
  "domain",
  "open",
  "json",
  "quiet",
  "help",
];

/** Every command there is. */
export const COMMANDS = {
  train: {
    name: "train",
    operands: "RUN.ts",
    does: "coordinator and local workers in one command, until the run is finished",
    examples: ["tributary train digits.run.ts", "tributary train digits.run.ts --workers 4 --epochs 3 --data ./mnist"],
    options: ["workers", "threads", ...RUN_OPTIONS],
  },
  serve: {
    name: "serve",
    operands: "RUN.ts",
    does: "a coordinator alone, for others to join",
    examples: [
      "tributary serve digits.run.ts --lan",
      "tributary serve digits.run.ts --port 8080 --domain train.example.org",
    ],
    options: RUN_OPTIONS,
  },
  join: {
    name: "join",
    operands: "URL",
    does: "a worker for a coordinator anywhere",
    examples: [
      "tributary join 'http://192.168.1.20:8080/join#t=...'",
      "tributary join 'https://192.168.1.20:8080/join#t=...' --ca ca.crt",
      "tributary join http://127.0.0.1:8080 --threads 4",
    ],
    options: ["threads", "backend", "token", "ca", "name", "json", "quiet", "help"],
  },
  data: {
    name: "data",
    operands: "fetch NAME",
    does: "brings a known dataset to this machine: mnist, fashion-mnist, cifar-10, tiny-shakespeare",
    examples: ["tributary data fetch mnist", "tributary train digits.run.ts --data mnist"],
    options: ["json", "quiet", "help"],
  },
  doctor: {
    name: "doctor",
    operands: "",
    does: "what works on this machine, how to mend what does not, and how other devices get in",
    examples: ["tributary doctor", "tributary doctor --json"],
    options: ["out", "json", "help"],
  },
} as const satisfies Record<string, CommandDescription>;

/** Name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Commands that have an option of this name. */
export function commandsWith(option: string): string[] {
  return Object.values(COMMANDS)
    .filter(({ options }) => options.some((name) => name === option))
    .map(({ name }) => name);
}

/** The help of the command line as a whole. */
export function overview(): string {
  const rows = Object.values(COMMANDS).map(
    ({ name, operands, does }) => `  ${`${name} ${operands}`.padEnd(16)} ${does}`,
  );
  return [
    "Tributary trains one neural network on whatever devices people bring.",
    "",
    "  tributary train examples/digits.run.ts",
    "",
    ...rows,
    "",
    "tributary COMMAND --help lists a command's options; tributary --version says which version this is.",
    "",
  ].join("\n");
}

/** The help of one command: examples first. */
export function commandHelp(command: CommandDescription): string {
  const rows = command.options.map((name) => {
    const { value, help } = OPTIONS[name];
    return `  ${`--${name} ${value}`.trimEnd().padEnd(20)} ${help}`;
  });
  return [
    `${`tributary ${command.name} ${command.operands}`.trimEnd()}: ${command.does}`,
    "",
    ...command.examples.map((example) => `  ${example}`),
    "",
    ...rows,
    "",
  ].join("\n");
}
