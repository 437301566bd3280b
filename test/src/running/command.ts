import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { RunEvent } from "@tributary/program";
import { onTestFinished } from "vitest";

/** The repository's root folder. */
export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** The run that `npm start` trains. */
export const DIGITS_RUN = join(ROOT, "examples", "digits.run.ts");

/** A small run with many epochs, for tests that end it themselves. */
export const SMALL_RUN = join(ROOT, "test", "src", "running", "small.run.ts");

const COMMAND_FILE = join(ROOT, "apps", "cli", "src", "main.ts");

/** How a process ended: with a code, or by a signal. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The event of a name. */
export type EventNamed<Name extends RunEvent["event"]> = Extract<RunEvent, { readonly event: Name }>;

/** The command `tributary` as a process of its own. It is ended with the test that started it. */
export class Command {
  readonly child: ChildProcess;
  /** When it was started: milliseconds since 1970. */
  readonly startedMs = Date.now();
  /** What it wrote to standard output, line by line. */
  readonly lines: string[] = [];
  /** The lines that are events of a run, in order. */
  readonly events: RunEvent[] = [];
  /** What it wrote to standard error. */
  words = "";
  /** Resolves when the process is gone and all it wrote is read. */
  readonly ended: Promise<Ending>;
  #isOver = false;
  #wake: (() => void)[] = [];

  private constructor(words: readonly string[], folder: string, variables: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, [COMMAND_FILE, ...words], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CI: "1", DEBUG: "", ...variables },
    });
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => this.#onLine(line));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.words += text;
      this.#wakeAll();
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#isOver = true;
        this.#wakeAll();
        resolve({ code, signal });
      });
    });
  }

  /** Starts `tributary WORDS`. @param folder the process's current folder @param variables of its environment, beside this one's */
  static start(words: readonly string[], folder: string, variables: Readonly<Record<string, string>> = {}): Command {
    const command = new Command(words, folder, variables);
    onTestFinished(() => command.end());
    return command;
  }

  /** Runs `tributary WORDS` to its end. */
  static async run(words: readonly string[], folder: string): Promise<Command & Ending> {
    const command = Command.start(words, folder);
    return Object.assign(command, await command.ended);
  }

  /** The first event of this name, there already or to come, for which `matches` holds. */
  until<Name extends RunEvent["event"]>(
    name: Name,
    matches: (event: EventNamed<Name>) => boolean = () => true,
  ): Promise<EventNamed<Name>> {
    return this.#find(`event ${name}`, () =>
      this.events.find((event): event is EventNamed<Name> => isNamed(event, name) && matches(event)),
    );
  }

  /** The first line of standard output, there already or to come, with this text in it. @param from index of a line */
  untilLine(text: string, from = 0): Promise<string> {
    return this.#find(`line with ${text}`, () =>
      this.lines.find((line, index) => index >= from && line.includes(text)),
    );
  }

  /** Resolves when standard error has this text in it. */
  async untilWords(text: string): Promise<void> {
    await this.#find(`the words ${text}`, () => (this.words.includes(text) ? true : undefined));
  }

  /** Events of this name so far. */
  named<Name extends RunEvent["event"]>(name: Name): EventNamed<Name>[] {
    return this.events.filter((event): event is EventNamed<Name> => isNamed(event, name));
  }

  /** Sends a signal to the process. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process by force if it still runs. */
  async end(): Promise<void> {
    if (!this.#isOver) this.child.kill("SIGKILL");
    await this.ended;
  }

  async #find<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#isOver) throw new Error(`The command ended without ${what}; it said:\n${this.words}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #onLine(line: string): void {
    this.lines.push(line);
    // A line that is not JSON is for the test to find; an event is taken for what it says it is.
    if (line.startsWith('{"event"')) this.events.push(JSON.parse(line) as RunEvent);
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}

function isNamed<Name extends RunEvent["event"]>(event: RunEvent, name: Name): event is EventNamed<Name> {
  return event.event === name;
}
