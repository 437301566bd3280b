import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import type { MachineCommand, RunSummary, RunView, StepRecord } from "@tributary/coordinator";
import type { RunEvent } from "@tributary/program";
import {
  CLOSE_CODES,
  type CodecTraffic,
  WATCH_EPOCH_POINTS_MAX,
  WATCH_EVENTS_MAX,
  WATCH_FAILURE_CODES,
  WATCH_FOLLOW_MILLISECONDS,
  WATCH_STEP_POINTS_MAX,
  WATCH_THROUGHPUT_POINTS_MAX,
  WATCH_UPDATE_MILLISECONDS,
  WATCH_UPDATE_POINTS_MAX,
  WATCHERS_MAX,
  type WatchCommandRequest,
  type WatchedNow,
  type WatchedRun,
  type WatchMessage,
  type WatchRequest,
  type WatchRole,
} from "@tributary/protocol";
import type { WebSocket } from "ws";
import type { ComputeLink } from "../compute/compute-link.ts";
import type { InspectionSetup } from "../compute/compute-message.ts";
import { LAST_JUDGEMENT_MILLISECONDS } from "../limits.ts";
import type { WorkerLink } from "../worker-socket.ts";
import { commandLine } from "./event-line.ts";
import { ModelViewer } from "./model-viewer.ts";
import { RunFeed } from "./run-feed.ts";
import { shownState } from "./shown-state.ts";
import { updateRestMilliseconds } from "./update-rest.ts";
import { Watcher, type WatcherHandlers } from "./watcher.ts";
import { WorkerRows } from "./worker-rows.ts";

/** How long the end of a run waits for those who watch. */
export interface LastJudgement {
  /** Milliseconds until the last model must be judged on the test data. Default LAST_JUDGEMENT_MILLISECONDS. */
  readonly lastJudgementMilliseconds?: number | undefined;
}

/** What is watched. */
export interface WatchDeskOptions extends LastJudgement {
  readonly run: WatchedRun;
  readonly compute: Pick<ComputeLink, "request">;
  readonly inspection: InspectionSetup;
  /** The run as it is now. @param nowMs by `performance.now()` */
  readonly view: (nowMs: number) => RunView;
  readonly links: () => ReadonlyMap<string, WorkerLink>;
  readonly traffic: () => readonly CodecTraffic[];
  readonly command: (command: MachineCommand) => void;
}

/** What a watcher was told already. */
interface Told {
  steps: number;
  epochs: number;
  throughput: number;
  events: number;
  confusions: number;
}

/** Milliseconds between two readings of rates. */
const RATE_MILLISECONDS = 1_000;

/** Those who watch a run: gives each a snapshot and then updates, takes their requests, and keeps what there is to show. */
export class WatchDesk implements WatcherHandlers {
  readonly #options: WatchDeskOptions;
  readonly #feed: RunFeed;
  readonly #rows: WorkerRows;
  readonly #viewer: ModelViewer;
  readonly #watchers = new Map<Watcher, Told>();
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;
  #ratesMs = this.#startMs;
  #followMs = this.#startMs;
  #updateMs = this.#startMs;
  #lastId = 0;
  #outcome: string | null = null;
  #isDisposed = false;

  constructor(options: WatchDeskOptions) {
    this.#options = options;
    this.#feed = new RunFeed(options.run.metrics, options.run.classes);
    this.#rows = new WorkerRows(this.#feed);
    this.#viewer = new ModelViewer(options.compute, options.inspection, (confusion) => {
      // A table of the run's own is over all of the test data.
      if (!this.#feed.countsItself) this.#feed.setConfusion(confusion);
    });
    this.#timer = setInterval(() => this.#tick(), WATCH_UPDATE_MILLISECONDS);
  }

  get watchers(): number {
    return this.#watchers.size;
  }

  /** Somebody watches from now on. */
  add(socket: WebSocket, role: WatchRole): void {
    this.#lastId += 1;
    const watcher = new Watcher(this.#lastId, socket, role, this);
    // Counted by role: whoever may only watch cannot lock out the one who steers.
    if ([...this.#watchers.keys()].filter((other) => other.role === role).length >= WATCHERS_MAX) {
      watcher.close(CLOSE_CODES.busy.code, "as many watch as may");
      return;
    }
    this.#watchers.set(watcher, this.#toldAll());
    watcher.send(this.#snapshot(role));
    // Without a table of the run's own there is none until somebody wants to see it.
    if (this.#feed.confusion === null && this.#view().step > 0) this.#viewer.judge();
  }

  onRequest(watcher: Watcher, request: WatchRequest): void {
    if (this.#outcome !== null) {
      this.#fail(watcher, request, "RUN_OVER");
    } else if (request.type === "command") {
      this.#command(watcher, request);
    } else {
      this.#viewer.serve(watcher, request);
    }
  }

  onClose(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    this.#viewer.forget(watcher);
  }

  /** The run reports something. */
  onEvent(event: RunEvent): void {
    const nowMs = performance.now();
    if (event.event === "worker") {
      if (event.state === "joined") this.#rows.onJoined(event.name);
      else this.#rows.onGone(event.id, event.state, nowMs);
    }
    this.#feed.onEvent(event, this.#seconds(nowMs), Date.now());
    if (event.event === "epoch" && this.#watchers.size > 0) this.#viewer.judge();
  }

  onRecord(record: StepRecord): void {
    this.#feed.onRecord(record);
  }

  /**
   * The run is over: everybody is told; those who watch are also told what the last model takes for what, if that can be found out
   * soon; then everybody is let go. Never rejects.
   */
  async finish({ outcome, reason }: Pick<RunSummary, "outcome" | "reason">): Promise<void> {
    const { lastJudgementMilliseconds = LAST_JUDGEMENT_MILLISECONDS } = this.#options;
    this.#outcome = reason === "" ? outcome : `${outcome}: ${reason}`;
    const { step } = this.#update(performance.now());
    if (this.#watchers.size > 0 && step > 0) {
      const enough = new AbortController();
      const late = wait(lastJudgementMilliseconds, undefined, { signal: enough.signal }).catch(() => {});
      await Promise.race([this.#viewer.judgeLast(step), late]);
      enough.abort();
      if (!this.#isDisposed) this.#update(performance.now());
    }
    this.dispose();
  }

  /** Lets everybody go; nothing is sent any more. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    clearInterval(this.#timer);
    this.#viewer.dispose();
    const { code, meaning } = this.#outcome === null ? CLOSE_CODES.goingAway : CLOSE_CODES.finished;
    for (const watcher of this.#watchers.keys()) watcher.close(code, meaning);
  }

  #tick(): void {
    const nowMs = performance.now();
    if (nowMs - this.#ratesMs >= RATE_MILLISECONDS) {
      this.#ratesMs = nowMs;
      this.#feed.readRates(this.#seconds(nowMs), nowMs);
      this.#rows.readRates(this.#options.links(), nowMs);
      // Looked at once a second without watchers too, so that rows of those who went are not lost.
      if (this.#watchers.size === 0) this.#look(nowMs);
    }
    // Ticks come a little early or late.
    const isSoon = nowMs - this.#updateMs + WATCH_UPDATE_MILLISECONDS / 2 < updateRestMilliseconds(this.#rows.count);
    if (this.#watchers.size === 0 || isSoon) return;
    this.#updateMs = nowMs;
    const { step } = this.#update(nowMs);
    if (nowMs - this.#followMs < WATCH_FOLLOW_MILLISECONDS) return;
    this.#followMs = nowMs;
    this.#viewer.tick(step);
  }

  #command(watcher: Watcher, { request, command }: WatchCommandRequest): void {
    if (watcher.role !== "admin") {
      watcher.send({ type: "failed", request, code: "NOT_ALLOWED", message: WATCH_FAILURE_CODES.NOT_ALLOWED });
      return;
    }
    const before = this.#view().learningRateFactor;
    this.#options.command(command);
    this.#feed.addLine(commandLine(command, { before, after: this.#view().learningRateFactor }), Date.now());
    watcher.send({ type: "done", request });
  }

  #fail(watcher: Watcher, { request }: WatchRequest, code: keyof typeof WATCH_FAILURE_CODES): void {
    watcher.send({ type: "failed", request, code, message: WATCH_FAILURE_CODES[code] });
  }

  #look(nowMs: number): RunView {
    const view = this.#options.view(nowMs);
    this.#rows.look(view.workers, this.#options.links(), nowMs);
    return view;
  }

  /** Tells each watcher what is new to it; those that were told the same before share one text. */
  #update(nowMs: number): RunView {
    const view = this.#look(nowMs);
    const now = this.#now(view, nowMs);
    const texts = new Map<string, string>();
    for (const [watcher, told] of this.#watchers) {
      if (!watcher.keepsUp) continue;
      const key = JSON.stringify(told);
      const text = texts.get(key) ?? JSON.stringify(this.#news(told, now));
      texts.set(key, text);
      this.#watchers.set(watcher, this.#toldAll());
      watcher.sendText(text);
    }
    return view;
  }

  #news(told: Told, now: WatchedNow): WatchMessage {
    const { steps, epochs, throughput, events, confusion, confusions } = this.#feed;
    return {
      type: "update",
      ...now,
      steps: steps.since(told.steps, WATCH_UPDATE_POINTS_MAX),
      epochs: epochs.since(told.epochs, WATCH_EPOCH_POINTS_MAX),
      throughput: throughput.since(told.throughput, WATCH_THROUGHPUT_POINTS_MAX),
      events: events.since(told.events, WATCH_EVENTS_MAX),
      confusion: confusions > told.confusions ? confusion : null,
    };
  }

  #snapshot(role: WatchRole): WatchMessage {
    const nowMs = performance.now();
    const { steps, epochs, throughput, events, confusion } = this.#feed;
    return {
      type: "snapshot",
      role,
      run: this.#options.run,
      ...this.#now(this.#look(nowMs), nowMs),
      steps: steps.since(0, WATCH_STEP_POINTS_MAX),
      epochs: epochs.all,
      throughput: throughput.all,
      events: events.all,
      confusion,
    };
  }

  #now(view: RunView, nowMs: number): WatchedNow {
    const { step, epoch, samplesCommitted, stepSamples, stepSamplesIn, learningRateFactor, why, staleness } = view;
    return {
      progress: {
        state: shownState(view),
        outcome: this.#outcome,
        step,
        epoch,
        samples: samplesCommitted,
        stepSamplesIn,
        stepSamples,
        seconds: Math.round(this.#seconds(nowMs) * 10) / 10,
        samplesPerSecond: Math.round(this.#feed.samplesPerSecond() * 10) / 10,
        learningRateFactor,
        why,
      },
      workers: this.#rows.rows(nowMs),
      traffic: this.#options.traffic(),
      staleness,
    };
  }

  #toldAll(): Told {
    const { steps, epochs, throughput, events, confusions } = this.#feed;
    return {
      steps: steps.last,
      epochs: epochs.last,
      throughput: throughput.last,
      events: events.last,
      confusions,
    };
  }

  #view(): RunView {
    return this.#options.view(performance.now());
  }

  #seconds(nowMs: number): number {
    return (nowMs - this.#startMs) / 1_000;
  }
}
