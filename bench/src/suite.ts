/** What a suite is asked for. */
export interface SuiteOptions {
  /** Names of works; never empty. */
  readonly works: readonly string[];
  /** Whether peers are installed and run beside. */
  readonly peers: boolean;
  /** Takes a line for people, at once: standard error. */
  readonly say: (line: string) => void;
  /** Takes a result, at once. */
  readonly report: (result: Result) => void;
}

/** One figure; with --json, one line of standard output. The form is fixed: scripts rely on it. */
export interface Result {
  readonly suite: string;
  readonly work: string;
  readonly engine: string;
  readonly threads: number;
  readonly msPerStep: number;
  readonly samplesPerSecond: number;
}

/** A set of measurements under one name. */
export interface Suite {
  /** For people: one line. */
  readonly what: string;
  /** Its works, with one line for people each. */
  readonly works: Readonly<Record<string, string>>;
  /** @returns whether all of our own works ran; peers may fail */
  readonly run: (options: SuiteOptions) => Promise<boolean>;
}
