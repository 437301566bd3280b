import type { Finding, WelcomeTemplate } from "@tributary/coordinator";
import type { LeaseSpan } from "@tributary/worker";
import type { ComputeLink } from "./compute/compute-link.ts";
import type { BlobEntries } from "./compute/compute-message.ts";

/** Times that one microbatch is asked for: shards that are missing are sent with the next one. */
const TRIES_MAX = 3;

/** Has ranges that workers failed on computed by the compute thread, microbatch by microbatch, so that other requests come in between. */
export class Examiner {
  readonly #compute: Pick<ComputeLink, "request">;
  readonly #welcome: WelcomeTemplate;
  readonly #blobs: ReadonlyMap<string, Uint8Array>;
  #opened: Promise<null> | null = null;
  /** The range asked for last: earlier ones are given up. */
  #latest: LeaseSpan | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param blobs everything workers fetch by hash */
  constructor(compute: Pick<ComputeLink, "request">, welcome: WelcomeTemplate, blobs: ReadonlyMap<string, Uint8Array>) {
    this.#compute = compute;
    this.#welcome = welcome;
    this.#blobs = blobs;
  }

  /** What comes of a range; of one that another is asked for meanwhile, nothing. Never rejects. */
  examine(range: LeaseSpan): Promise<Finding> {
    this.#latest = range;
    const finding = this.#queue.then(() => this.#whole(range)).catch((error: unknown) => unable(wordsOf(error)));
    this.#queue = finding;
    return finding;
  }

  async #whole(range: LeaseSpan): Promise<Finding> {
    this.#opened ??= this.#open();
    await this.#opened;
    const { microbatch } = this.#welcome;
    let finding: Finding = unable("there are no samples");
    for (let start = range.start; start < range.end; start += microbatch) {
      if (this.#latest !== range) return unable("other samples come first");
      finding = await this.#part(
        { ...range, start, end: Math.min(range.end, start + microbatch) },
        start === range.start,
      );
      if (finding.verdict !== "usable") return finding;
    }
    return finding;
  }

  #open(): Promise<null> {
    const { programs, manifest } = this.#welcome;
    const hashes = [manifest, programs.gradient, programs.evaluate].filter((hash) => hash !== null);
    const run = { ...this.#welcome, codec: "float32" };
    return this.#compute.request("openExamination", { run, blobs: this.#entries(hashes) });
  }

  async #part({ kind, step, epoch, start, end }: LeaseSpan, first: boolean): Promise<Finding> {
    let blobs: BlobEntries = [];
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await this.#compute.request("examine", { kind, step, epoch, start, end, first, blobs });
      if ("finding" in answer) return answer.finding;
      blobs = this.#entries(answer.missing);
    }
    return unable("not all of the data's shards are there");
  }

  #entries(hashes: readonly string[]): BlobEntries {
    return hashes.flatMap((hash): BlobEntries => {
      const bytes = this.#blobs.get(hash);
      return bytes === undefined ? [] : [[hash, bytes]];
    });
  }
}

function unable(detail: string): Finding {
  return { verdict: "unable", detail };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
