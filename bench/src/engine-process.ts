import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Engine } from "./engines.ts";

/** What an engine says of itself when it is ready. */
export interface Readiness {
  readonly parameters: number;
  readonly threads: number;
  /** Something that people should know about its figures. */
  readonly note: string | null;
}

/** What an engine did in a window. */
export interface Window {
  /** On average. */
  readonly msPerStep: number;
  /** Part of the window for which its thread had a core; the rest went to other processes. */
  readonly coreShare: number;
}

/** An engine cannot run a work, or has stopped; the message is its own reason. */
export class EngineRefusal extends Error {}

/** Longest that an engine may take to get ready or to run a window: three steps of the slowest peer seen take 4 s. */
const ANSWER_MS_MAX = 180_000;

/** One engine that has one work in its memory. While it is not asked for a window it only waits, so that several may be alive. */
export class EngineProcess {
  readonly engine: Engine;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #errors = "";

  private constructor(engine: Engine, work: string) {
    this.engine = engine;
    this.#child = spawn(engine.command, [...engine.arguments, work], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...engine.environment },
    });
    // A process that has ended already cannot be told anything: that shows when its answer is missing.
    this.#child.stdin?.on("error", () => {});
    this.#child.on("error", (error) => {
      this.#errors += error.message;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    if (this.#child.stdout === null) throw new Error("engine-process: the child has no standard output");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts an engine and waits until it has warmed up. @throws EngineRefusal */
  static async start(engine: Engine, work: string): Promise<{ running: EngineProcess; readiness: Readiness }> {
    const running = new EngineProcess(engine, work);
    const { parameters, threads, note } = await running.#answer("ready");
    const readiness = {
      parameters: Number(parameters),
      threads: Number(threads),
      note: typeof note === "string" ? note : null,
    };
    return { running, readiness };
  }

  /** Runs steps for so long, at least one. @throws EngineRefusal */
  async window(milliseconds: number): Promise<Window> {
    this.#child.stdin?.write(`${JSON.stringify({ milliseconds })}\n`);
    const { steps, milliseconds: taken, coreShare } = await this.#answer("window");
    return { msPerStep: Number(taken) / Number(steps), coreShare: Number(coreShare) };
  }

  /** Ends the process. */
  stop(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }

  /** The next answer. What frameworks print beside them is passed over. */
  async #answer(state: string): Promise<Record<string, unknown>> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), ANSWER_MS_MAX);
    try {
      for (;;) {
        const { value, done } = await this.#lines.next();
        if (done === true) throw new EngineRefusal(this.#lastWords());
        const answer = parseAnswer(value);
        if (answer?.state === "refused") {
          this.stop();
          throw new EngineRefusal(String(answer.reason));
        }
        if (answer?.state === state) return answer;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #lastWords(): string {
    const lines = this.#errors.trim().split("\n");
    return `it ended, or took more than ${ANSWER_MS_MAX / 1000} s to answer; its last words: ${lines.at(-1) || "none"}`;
  }
}

function parseAnswer(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
