/** Where a browser keeps words for a page: localStorage, sessionStorage, or nothing at all. */
export type WordStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

import type { BackendChoice, DeviceCap } from "../training-thread/messages.ts";

/** What a tab remembers of its taking part, to go on after it is loaded again. */
export interface TabSession {
  readonly run: string;
  readonly worker: string | null;
  readonly isPaused: boolean;
  /** What a person chose: who allowed a tenth of the GPU did not allow all of it after a reload. */
  readonly backend: BackendChoice;
  readonly cap: DeviceCap;
}

const SESSION_KEY = "tributary.session";
const NAME_KEY = "tributary.name";

/** What this tab and this browser remember. Storage that is blocked counts as empty. */
export class TabStorage {
  readonly #tab: () => WordStorage;
  readonly #browser: () => WordStorage;

  /** @param tab sessionStorage @param browser localStorage; asking for either may throw */
  constructor(tab: () => WordStorage, browser: () => WordStorage) {
    this.#tab = tab;
    this.#browser = browser;
  }

  /** The name that was used last; null: none. */
  get name(): string | null {
    return attempt(() => this.#browser().getItem(NAME_KEY));
  }

  /** Remembers a name. */
  rememberName(name: string): void {
    attempt(() => this.#browser().setItem(NAME_KEY, name));
  }

  /** What this tab took part in before it was loaded again; null: nothing. */
  get session(): TabSession | null {
    const text = attempt(() => this.#tab().getItem(SESSION_KEY));
    const parsed: unknown = text === null ? null : attempt(() => JSON.parse(text));
    if (typeof parsed !== "object" || parsed === null || !("run" in parsed) || !("worker" in parsed)) return null;
    const { run, worker } = parsed;
    if (typeof run !== "string" || (worker !== null && typeof worker !== "string")) return null;
    const backend = "backend" in parsed ? parsed.backend : null;
    const cap = "cap" in parsed ? capOf(parsed.cap) : null;
    if ((backend !== "auto" && backend !== "wasm" && backend !== "webgpu") || cap === null) return null;
    return { run, worker, isPaused: "isPaused" in parsed && parsed.isPaused === true, backend, cap };
  }

  /** Remembers a session, or forgets it. */
  rememberSession(session: TabSession | null): void {
    attempt(() => {
      if (session === null) this.#tab().removeItem(SESSION_KEY);
      else this.#tab().setItem(SESSION_KEY, JSON.stringify(session));
    });
  }
}

function capOf(cap: unknown): DeviceCap | null {
  if (typeof cap !== "object" || cap === null || !("share" in cap) || !("threads" in cap)) return null;
  const { share, threads } = cap;
  const isShare = typeof share === "number" && share > 0 && share <= 1;
  const isCount = typeof threads === "number" && Number.isSafeInteger(threads) && threads >= 1;
  return isShare && isCount ? { share, threads } : null;
}

function attempt<Value>(action: () => Value): Value | null {
  try {
    return action();
  } catch {
    return null;
  }
}
