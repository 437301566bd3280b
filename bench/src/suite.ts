/** What a suite is asked for. */
export interface SuiteOptions {
  /** Names of works; never empty. */
  readonly works: readonly string[];
  /** Whether peers are installed and run beside. */
  readonly peers: boolean;
  /** The GPU's float32 peak in 10^9 operations a second, of which products tell their part; null: not given. */
  readonly peakGflops: number | null;
  /** Takes a line for people, at once: standard error. */
  readonly say: (line: string) => void;
  /** Takes a result, at once. */
  readonly report: (result: Result) => void;
  /** Takes what an engine could not run, at once. */
  readonly reportRefusal: (refusal: Refusal) => void;
}

/** A work that an engine cannot run; with --json, one line of standard output where the suite says so. */
export interface Refusal {
  readonly suite: string;
  readonly work: string;
  readonly engine: string;
  /** The engine's own words. */
  readonly reason: string;
}

/** One figure; with --json, one line of standard output. The form is fixed: scripts rely on it. */
export interface Result {
  readonly suite: string;
  readonly work: string;
  readonly engine: string;
  readonly threads: number;
  readonly msPerStep: number;
  readonly samplesPerSecond: number;
  /** On a GPU: which one. */
  readonly adapter?: string;
  /** On a GPU, a step: calls of submit, dispatches, buffers read back, their bytes, and bytes written to it. */
  readonly submits?: number;
  readonly dispatches?: number;
  readonly readbacks?: number;
  readonly bytesReadBack?: number;
  readonly bytesWritten?: number;
  /** Of a single product: 10^9 additions and multiplications a second, and their part of the peak where that was given. */
  readonly gflops?: number;
  readonly shareOfPeak?: number;
}

/** A set of measurements under one name. */
export interface Suite {
  /** For people: one line. */
  readonly what: string;
  /** Its works, with one line for people each. */
  readonly works: Readonly<Record<string, string>>;
  /** Name of our own engine. */
  readonly ours: string;
  /** @returns whether all of our own works ran; peers may fail */
  readonly run: (options: SuiteOptions) => Promise<boolean>;
}
