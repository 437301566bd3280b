import type {
  CodecTraffic,
  EpochPoint,
  ThroughputPoint,
  WatchedConfusion,
  WatchedEvent,
  WatchedProgress,
  WatchedRun,
  WatchedWorker,
  WatchRole,
} from "@tributary/protocol";
import { EMPTY_SERIES, type StepSeries } from "./step-series.ts";
import { type ColourNames, NO_COLOURS, NO_NAMES, type WorkerColours } from "./worker-colours.ts";

/** How the page stands with the coordinator. ended: it will not connect again by itself. */
export type LinkState =
  | { readonly state: "connecting" }
  | { readonly state: "open" }
  | {
      readonly state: "lost";
      readonly attempts: number;
      readonly retryMilliseconds: number;
      readonly everOpen: boolean;
    }
  | { readonly state: "ended"; readonly reason: string };

/** Everything of a run that is shown, from its first message on. */
export interface WatchedState {
  readonly role: WatchRole;
  readonly run: WatchedRun;
  readonly progress: WatchedProgress;
  readonly workers: readonly WatchedWorker[];
  readonly colours: WorkerColours;
  readonly colourNames: ColourNames;
  readonly traffic: readonly CodecTraffic[];
  readonly staleness: readonly number[];
  readonly steps: StepSeries;
  readonly epochs: readonly EpochPoint[];
  readonly throughput: readonly ThroughputPoint[];
  readonly events: readonly WatchedEvent[];
  readonly confusion: WatchedConfusion | null;
}

/** All that the page knows. */
export interface DashboardState {
  readonly link: LinkState;
  /** Null before the first message. It stays when the connection is lost. */
  readonly watched: WatchedState | null;
}

/** Nothing is known yet. */
export const INITIAL_STATE: DashboardState = { link: { state: "connecting" }, watched: null };

/** What a run has before anything happened. */
export const EMPTY_HISTORY: Pick<
  WatchedState,
  "steps" | "epochs" | "throughput" | "events" | "confusion" | "colours" | "colourNames"
> = {
  steps: EMPTY_SERIES,
  epochs: [],
  throughput: [],
  events: [],
  confusion: null,
  colours: NO_COLOURS,
  colourNames: NO_NAMES,
};
