import { findGpu, type GpuSurroundings, isRecentBrowser } from "../device-check.ts";
import type { BackendChoice, DeviceCap, PageMessage, PauseReason, ThreadMessage } from "../training-thread/messages.ts";
import type { JoinLink } from "./join-link.ts";
import { initialState, type JoinAction, type JoinState, reduce } from "./join-state.ts";
import type { RunDescription } from "./run-description.ts";
import { ScreenLock, type WakeLockEntry } from "./screen-lock.ts";
import { type PresenceChannel, TabPresence } from "./tab-presence.ts";
import type { TabStorage } from "./tab-storage.ts";

/** Milliseconds that other tabs are given to answer before this one goes on by itself after it was loaded again. */
const PRESENCE_MILLISECONDS = 250;

/** Milliseconds in which a training thread that was told to stop may end by itself: then it is ended, whatever it is at. */
const STOP_MILLISECONDS = 4_000;

/** What a person chose before starting. */
export interface JoinChoices {
  readonly name: string;
  readonly backend: BackendChoice;
  readonly cap: DeviceCap;
}

/** The page's end of the training thread. */
export interface TrainingThread {
  postMessage(message: PageMessage): void;
  terminate(): void;
}

/** What starts a training thread. @param onLost hears why it is gone, when it ends by itself */
export type StartThread = (
  onMessage: (message: ThreadMessage) => void,
  onLost: (why: string) => void,
) => TrainingThread;

/** What the page lives in. */
export interface JoinSurroundings extends GpuSurroundings {
  readonly link: JoinLink;
  readonly storage: TabStorage;
  readonly channel: PresenceChannel;
  readonly wakeLock: WakeLockEntry | undefined;
  /** Calls back whenever the device begins or ends to run on its battery, where the browser tells. */
  readonly watchBattery: (onChange: (isOnBattery: boolean) => void) => void;
  readonly startThread: StartThread;
  /** Null when the coordinator does not answer. */
  readonly describe: () => Promise<RunDescription | null>;
  /** Whether this page was loaded again, or come back to, in a tab that had it before. */
  readonly isReload: boolean;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly after: (milliseconds: number, callback: () => void) => void;
}

/** Holds the page's state and does what people and the browser ask for; what is shown is made of the state alone. */
export class JoinController {
  readonly #surroundings: JoinSurroundings;
  readonly #presence: TabPresence;
  readonly #screenLock: ScreenLock;
  #state: JoinState;
  #choices: JoinChoices;
  #thread: TrainingThread | null = null;
  #isPausedByPerson = false;
  /** Whether the thread was ended because the page was put to sleep. */
  #isAsleep = false;
  #listener: () => void = () => {};

  /** @param choices what is chosen at first */
  constructor(surroundings: JoinSurroundings, choices: JoinChoices) {
    const { link, channel, wakeLock } = surroundings;
    this.#surroundings = surroundings;
    this.#choices = choices;
    this.#state = initialState(link.token !== null);
    this.#screenLock = new ScreenLock(wakeLock, (state) => this.#dispatch({ type: "screenLock", state }));
    this.#presence = new TabPresence(channel, {
      onOther: (isThere) => this.#onOtherTab(isThere),
      onTakenOver: () => {
        this.#dispatch({ type: "obstacle", code: "TAKEN_OVER", detail: "" });
        this.stop();
      },
    });
  }

  get state(): JoinState {
    return this.#state;
  }

  get choices(): JoinChoices {
    return this.#choices;
  }

  get link(): JoinLink {
    return this.#surroundings.link;
  }

  /** Calls back after every change. */
  listen(listener: () => void): void {
    this.#listener = listener;
  }

  /** Finds out what there is: run, GPU, other tabs. Goes on where this tab was, if it was loaded again in the middle. */
  async begin(): Promise<void> {
    const { link, storage, isReload, watchBattery } = this.#surroundings;
    this.#presence.ask();
    watchBattery((isOnBattery) => {
      if (isOnBattery) this.#dispatch({ type: "obstacle", code: "ON_BATTERY", detail: "" });
      else this.#dispatch({ type: "cleared", code: "ON_BATTERY" });
    });
    if (!isRecentBrowser()) this.#dispatch({ type: "obstacle", code: "OLD_BROWSER", detail: "" });
    const finding = findGpu(this.#surroundings, { allowSoftware: link.backend === "webgpu" });
    const description = await this.#describe();
    this.#dispatch({ type: "gpu", finding: await finding });
    const { session } = storage;
    if (!isReload || description === null || session?.run !== description.run) return;
    this.#surroundings.after(PRESENCE_MILLISECONDS, () => {
      if (this.#presence.others || this.#thread !== null) return;
      const { backend, cap } = session;
      this.#choices = { ...this.#choices, backend, cap };
      this.#isPausedByPerson = session.isPaused;
      this.#start(session.worker);
    });
  }

  /** Changes what is chosen; the cap also while it computes. */
  choose(change: Partial<JoinChoices>): void {
    this.#choices = { ...this.#choices, ...change };
    if (change.cap !== undefined) this.#thread?.postMessage({ type: "cap", cap: change.cap });
    this.#remember();
    this.#listener();
  }

  /**
   * A person agreed: from now on this device computes. Where the coordinator has not said what it trains there is nothing to
   * agree to yet: it is asked again first.
   */
  start(): void {
    if (this.#state.description === null) {
      this.#dispatch({ type: "asking" });
      void this.#describe();
      return;
    }
    this.#isPausedByPerson = false;
    this.#start(null);
  }

  /** Takes part here, and no longer in the other tabs of this browser. */
  takeOver(): void {
    // Not before it is known what there is to take over.
    if (this.#state.description !== null) this.#presence.takeOver();
    this.start();
  }

  /** Stands still until {@link resume}; what was begun is given back. */
  pause(): void {
    this.#isPausedByPerson = true;
    this.#remember();
    this.#thread?.postMessage({ type: "pause", reason: "person" });
    void this.#screenLock.letGo();
  }

  /** Goes on after a pause. */
  resume(): void {
    this.#isPausedByPerson = false;
    this.#remember();
    this.#thread?.postMessage({ type: "resume" });
    void this.#screenLock.hold();
  }

  /** Ends taking part; starting again is a new beginning. */
  stop(): void {
    const thread = this.#thread;
    if (thread === null) return;
    thread.postMessage({ type: "stop" });
    this.#dispatch({ type: "stopping" });
    // It may be compiling, fetching, or sending into a network that takes nothing; who says stop does not wait for that.
    this.#surroundings.after(STOP_MILLISECONDS, () => {
      if (this.#thread === thread) this.#endAsStopped();
    });
  }

  /**
   * The browser is about to put the page to sleep. The training thread ends, and its socket with it: a frozen one would hear of a
   * pause only when it wakes, and until then the browser answers the coordinator's pings for it.
   */
  onSleep(reason: Exclude<PauseReason, "person">): void {
    if (this.#state.isStopping) this.#endAsStopped();
    if (this.#thread === null || this.#isPausedByPerson) return;
    this.#thread.terminate();
    this.#thread = null;
    this.#isAsleep = true;
    this.#onThread({ type: "paused", reason });
  }

  /** The page is awake again: it goes on with a new thread. */
  onAwake(): void {
    if (this.#isAsleep) this.#start(this.#state.worker);
  }

  /** The page is about to be gone: the other tabs hear of it. */
  onClosing(): void {
    this.#presence.setActive(false);
  }

  /** The page is seen, or not any more. */
  onSeen(isSeen: boolean): void {
    if (!isSeen) {
      if (this.#thread !== null) this.#dispatch({ type: "obstacle", code: "HIDDEN", detail: "" });
      return;
    }
    this.#dispatch({ type: "cleared", code: "HIDDEN" });
    this.#thread?.postMessage({ type: "wake" });
    void this.#screenLock.onSeen();
  }

  /** What the browser says of the network. */
  onNetwork(online: boolean): void {
    this.#thread?.postMessage({ type: "network", online });
  }

  #start(worker: string | null): void {
    if (this.#thread !== null) return;
    this.#isAsleep = false;
    const { startThread, storage, link } = this.#surroundings;
    const { name, backend, cap } = this.#choices;
    const { socketUrl, blobUrl, token } = link;
    storage.rememberName(name);
    this.#dispatch({ type: "started" });
    this.#presence.setActive(true);
    // What a thread said before it was ended may come after that, when there is another one.
    const thread: TrainingThread = startThread(
      (message) => {
        if (this.#thread === thread) this.#onThread(message);
      },
      (why) => void this.#onThreadLost(thread, why),
    );
    this.#thread = thread;
    const run = this.#state.description?.run ?? null;
    const settings = { socketUrl, blobUrl, token, name, backend, cap, run, resume: worker };
    thread.postMessage({ type: "start", settings });
    if (this.#isPausedByPerson) thread.postMessage({ type: "pause", reason: "person" });
    else void this.#screenLock.hold();
  }

  #onThread(message: ThreadMessage): void {
    this.#dispatch({ type: "thread", message, nowMs: this.#surroundings.now() });
    if (message.type === "ended") this.#end();
    else if (message.type === "session" && message.event.type === "joined") this.#remember();
  }

  #endAsStopped(): void {
    this.#onThread({ type: "ended", end: { reason: "left", message: "stopped", code: null } });
  }

  /** A script that does not load is most often one that nobody serves any more. */
  async #onThreadLost(thread: TrainingThread, why: string): Promise<void> {
    const isEarly = this.#state.device === null;
    const isServed = !isEarly || (await this.#surroundings.describe()) !== null;
    if (this.#thread !== thread) return;
    const code = isServed ? (isEarly ? "NO_THREAD" : "THREAD_LOST") : "UNREACHABLE";
    this.#dispatch({ type: "threadLost", code, detail: why });
    this.#end();
  }

  #end(): void {
    this.#thread?.terminate();
    this.#thread = null;
    this.#presence.setActive(false);
    this.#surroundings.storage.rememberSession(null);
    void this.#screenLock.letGo();
    this.#presence.ask();
    // What stands on the page beside "Start again" is what it would start.
    void this.#describe();
  }

  /** Asks what is trained; a coordinator that does not answer any more leaves what it said before. */
  async #describe(): Promise<RunDescription | null> {
    const description = await this.#surroundings.describe();
    const isNews = description !== null || this.#state.description === null;
    if (isNews && this.#thread === null) this.#dispatch({ type: "described", description });
    return description;
  }

  #onOtherTab(isThere: boolean): void {
    if (this.#thread !== null) return;
    this.#dispatch(
      isThere ? { type: "obstacle", code: "SECOND_TAB", detail: "" } : { type: "cleared", code: "SECOND_TAB" },
    );
  }

  #remember(): void {
    const { description, worker } = this.#state;
    if (description === null || this.#thread === null) return;
    const { backend, cap } = this.#choices;
    const session = { run: description.run, worker, isPaused: this.#isPausedByPerson, backend, cap };
    this.#surroundings.storage.rememberSession(session);
  }

  #dispatch(action: JoinAction): void {
    this.#state = reduce(this.#state, action);
    this.#listener();
  }
}
