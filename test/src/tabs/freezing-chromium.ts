import { spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../running/temporary-folder.ts";

/** Milliseconds between two looks at a page. */
const LOOK_AGAIN_MILLISECONDS = 50;

/** What DevTools answers: https://chromedevtools.github.io/devtools-protocol. */
interface Answer {
  readonly id?: number;
  readonly error?: { readonly message: string };
  readonly result?: Readonly<Record<string, unknown>>;
}

/** A tab of a {@link FreezingChromium}. */
export interface FreezableTab {
  readonly target: string;
  readonly session: string;
}

/**
 * A Chromium without Playwright, which tells every page that it is looked at, whatever is in front of it: and what is looked at
 * is not frozen, nor kept for later when it is left.
 */
export class FreezingChromium {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Readonly<Record<string, unknown>>>>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => this.#onAnswer(JSON.parse(String(data))));
  }

  /** Starts one that ends with the test. */
  static async launch(executablePath: string): Promise<FreezingChromium> {
    const folder = await temporaryFolder();
    const flags = ["--headless", "--no-sandbox", "--disable-background-networking", "--remote-debugging-port=0"];
    const stdio = ["ignore", "ignore", "pipe"] as const;
    const browser = spawn(executablePath, [...flags, `--user-data-dir=${folder}`, "about:blank"], {
      stdio: [...stdio],
    });
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    onTestFinished(async () => {
      browser.kill();
      await ended;
    });
    let said = "";
    for await (const piece of browser.stderr) {
      said += String(piece);
      const address = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (address === undefined) continue;
      const socket = new WebSocket(address);
      await new Promise((resolve) => socket.addEventListener("open", resolve));
      return new FreezingChromium(socket);
    }
    throw new Error(`Chromium did not start:\n${said}`);
  }

  /** Opens a page in front of the others. */
  async open(url: string): Promise<FreezableTab> {
    const { targetId } = await this.#ask("Target.createTarget", { url });
    const { sessionId } = await this.#ask("Target.attachToTarget", { targetId, flatten: true });
    return { target: String(targetId), session: String(sessionId) };
  }

  /** Brings a page to the front, and so hides the others. */
  async show({ target }: FreezableTab): Promise<void> {
    await this.#ask("Target.activateTarget", { targetId: target });
  }

  /** Freezes a page that is hidden, as Chromium does to save energy, or lets it go on. */
  async setFrozen({ session }: FreezableTab, isFrozen: boolean): Promise<void> {
    await this.#ask("Page.setWebLifecycleState", { state: isFrozen ? "frozen" : "active" }, session);
  }

  /** Opens another page in the same tab. */
  async navigate({ session }: FreezableTab, url: string): Promise<void> {
    await this.#ask("Page.navigate", { url }, session);
  }

  /** What an expression is in a page. */
  async evaluate({ session }: FreezableTab, expression: string): Promise<unknown> {
    const { result } = await this.#ask("Runtime.evaluate", { expression, returnByValue: true }, session);
    return typeof result === "object" && result !== null && "value" in result ? result.value : undefined;
  }

  /** Resolves when an expression is true in a page, which may be on its way to another one. */
  async until(tab: FreezableTab, expression: string): Promise<void> {
    for (;;) {
      if ((await this.evaluate(tab, expression).catch(() => false)) === true) return;
      await wait(LOOK_AGAIN_MILLISECONDS);
    }
  }

  #ask(method: string, params: object, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    this.#lastId += 1;
    const answer = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    this.#waiting.set(this.#lastId, answer);
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params, sessionId }));
    return answer.promise;
  }

  #onAnswer({ id, error, result }: Answer): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result ?? {});
    else waiting.reject(new Error(error.message));
  }
}
