import { join } from "node:path";
import { clockTime, progressBar, type ReporterOutput } from "@tributary/training";
import { cacheFolder, keptFiles } from "./data-cache.ts";
import { CommandError } from "./errors.ts";
import { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
import { downloadBytes, fetchDataset } from "./fetch-data.ts";
import { KNOWN_DATASET_NAMES, KNOWN_DATASETS, type KnownDataset, type KnownDatasetName } from "./known-datasets.ts";
import { nearestName, type Options } from "./options.ts";

/** What `data` needs of the surroundings. */
export interface DataSurroundings {
  readonly output: ReporterOutput;
  readonly fetch: typeof fetch;
  /** Default: the folder for caches. */
  readonly folder?: string;
}

/** Milliseconds between redraws of the bar: 10 a second. */
const REDRAW_MS = 100;
const MEGABYTE = 1e6;

/**
 * `tributary data fetch NAME`: brings a known dataset to this machine, where `--data NAME` finds it.
 * @throws CommandError USAGE, CANNOT_FETCH, DATA_INVALID
 */
export async function dataCommand(
  words: readonly string[],
  options: Options,
  surroundings: DataSurroundings,
): Promise<ExitCode> {
  const name = nameIn(words);
  const dataset: KnownDataset = KNOWN_DATASETS[name];
  const folder = join(surroundings.folder ?? cacheFolder(), name);
  const { output } = surroundings;
  const speaks = !options.json && !options.quiet;
  const bytes = downloadBytes(dataset);
  const bar = new DownloadBar(name, bytes, speaks ? output : undefined);
  const fetched = await fetchDataset(name, dataset, folder, {
    fetch: surroundings.fetch,
    onProgress: (received) => bar.show(received),
  }).finally(() => bar.end());
  if (options.json) {
    const files = keptFiles(dataset).map((file) => file.name);
    output.data(`${JSON.stringify({ event: "fetched", name, folder, files, bytes: fetched ? bytes : 0 })}\n`);
  } else if (speaks) {
    output.words(`${name} ${fetched ? "is now" : "was already"} in ${folder}; use it with --data ${name}\n`);
  }
  return EXIT_CODES.done;
}

function nameIn(words: readonly string[]): KnownDatasetName {
  const [verb, name, ...more] = words;
  const known = KNOWN_DATASET_NAMES.map((candidate) => `${candidate}: ${KNOWN_DATASETS[candidate].about}`).join(
    "\n    ",
  );
  if (verb !== "fetch" || name === undefined || more.length > 0) {
    throw new CommandError(
      "USAGE",
      "data needs the word fetch and one name",
      `Write tributary data fetch NAME, with one of\n    ${known}`,
    );
  }
  const found = KNOWN_DATASET_NAMES.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  const nearest = nearestName(name, KNOWN_DATASET_NAMES);
  throw new CommandError(
    "USAGE",
    `There is no dataset ${JSON.stringify(name)}`,
    nearest === null ? `Use one of\n    ${known}` : `Did you mean ${nearest}?`,
  );
}

/** Progress of a download: a bar on a terminal, one line elsewhere. */
class DownloadBar {
  private readonly name: string;
  private readonly total: number;
  private readonly output: ReporterOutput | undefined;
  private startedMs: number | undefined;
  private firstBytes = 0;
  private drawnMs = Number.NEGATIVE_INFINITY;
  private drawn = false;

  constructor(name: string, total: number, output: ReporterOutput | undefined) {
    this.name = name;
    this.total = total;
    this.output = output;
  }

  show(received: number): void {
    if (this.output === undefined) return;
    const now = this.output.nowMs();
    const columns = this.output.columns();
    if (this.startedMs === undefined) {
      this.startedMs = now;
      this.firstBytes = received;
      if (columns === null) this.output.words(`Fetching ${this.name}, ${(this.total / MEGABYTE).toFixed(1)} MB\n`);
    }
    if (columns === null || (now - this.drawnMs < REDRAW_MS && received < this.total)) return;
    this.drawnMs = now;
    this.drawn = true;
    this.output.words(
      `\r\x1b[2K${downloadLine(this.name, received, this.total, this.rate(received, now)).slice(0, columns - 1)}`,
    );
  }

  end(): void {
    if (this.drawn) this.output?.words("\n");
  }

  /** Bytes a second since the first piece: what was there before does not count. */
  private rate(received: number, now: number): number {
    const seconds = (now - (this.startedMs ?? now)) / 1000;
    return seconds > 0 ? (received - this.firstBytes) / seconds : 0;
  }
}

/** One line of progress: name, bar, share, megabytes, speed, time left. */
export function downloadLine(name: string, received: number, total: number, bytesPerSecond: number): string {
  const share = Math.min(1, received / total);
  const megabytes = `${(received / MEGABYTE).toFixed(1)} of ${(total / MEGABYTE).toFixed(1)} MB`;
  const parts = [`${name} ${progressBar(share)} ${Math.floor(share * 100)}%`, megabytes];
  if (bytesPerSecond > 0) {
    parts.push(
      `${(bytesPerSecond / MEGABYTE).toFixed(1)} MB/s`,
      `${clockTime((total - received) / bytesPerSecond)} left`,
    );
  }
  return parts.join(" · ");
}
