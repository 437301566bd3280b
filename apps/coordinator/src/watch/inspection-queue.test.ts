import { performance } from "node:perf_hooks";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { InspectionQueue } from "./inspection-queue.ts";

/** Looks that last until they are released, and what became of them. */
class Looks {
  readonly queue = new InspectionQueue();
  readonly log: string[] = [];
  readonly #running = new Map<string, PromiseWithResolvers<void>>();

  put(key: string, name: string): void {
    this.queue.put(key, { run: () => this.#begin(name), superseded: () => this.log.push(`${name} superseded`) });
  }

  background(pieces: readonly string[]): void {
    const left = [...pieces];
    this.queue.setBackground(async () => {
      await this.#begin(left.shift() ?? "");
      return left.length > 0;
    });
  }

  /** Waits until a look has begun, and ends it. */
  async release(name: string): Promise<void> {
    while (!this.#running.has(name)) await new Promise((resolve) => setTimeout(resolve, 1));
    this.#running.get(name)?.resolve();
    this.#running.delete(name);
  }

  #begin(name: string): Promise<void> {
    this.log.push(name);
    const running = Promise.withResolvers<void>();
    this.#running.set(name, running);
    return running.promise;
  }
}

describe("InspectionQueue", () => {
  it("[look] runs one at a time, in the order in which they came", async () => {
    const looks = new Looks();
    looks.put("1/predict", "a");
    looks.put("2/predict", "b");
    expect(looks.log).toEqual(["a"]);
    await looks.release("a");
    await looks.release("b");
    expect(looks.log).toEqual(["a", "b"]);
    looks.queue.dispose();
  });

  it("[look] of those that wait under one key only the latest is done; the others hear so", async () => {
    const looks = new Looks();
    looks.put("1/predict", "running");
    looks.put("1/predict", "old");
    looks.put("1/sample", "other");
    looks.put("1/predict", "new");
    expect(looks.queue.size).toBe(2);
    for (const name of ["running", "other", "new"]) await looks.release(name);
    expect(looks.log).toEqual(["running", "old superseded", "other", "new"]);
    looks.queue.dispose();
  });

  it("[look] does what is long in pieces, and whatever else is asked for in between", async () => {
    const looks = new Looks();
    looks.background(["piece 1", "piece 2"]);
    looks.put("1/predict", "a");
    for (const name of ["piece 1", "a", "piece 2"]) await looks.release(name);
    expect(looks.log).toEqual(["piece 1", "a", "piece 2"]);
    looks.queue.dispose();
  });

  it("[look] forgets what somebody waits for who has gone, and of nobody else", async () => {
    const looks = new Looks();
    looks.put("1/predict", "running");
    looks.put("1/sample", "gone");
    looks.put("11/sample", "stays");
    looks.queue.drop("1/");
    await looks.release("running");
    await looks.release("stays");
    expect(looks.log).toEqual(["running", "stays"]);
    looks.queue.dispose();
  });

  it("[look] goes on with what took the place of something long while a piece of that was done", async () => {
    const looks = new Looks();
    looks.background(["old"]);
    looks.background(["new 1", "new 2"]);
    for (const name of ["old", "new 1", "new 2"]) await looks.release(name);
    expect(looks.log).toEqual(["old", "new 1", "new 2"]);
    looks.queue.dispose();
  });

  it("[look] begins nothing once it is disposed of", async () => {
    const looks = new Looks();
    looks.put("1/predict", "running");
    looks.put("1/sample", "waiting");
    looks.queue.dispose();
    await looks.release("running");
    looks.put("1/predict", "late");
    expect(looks.log).toEqual(["running", "late superseded"]);
  });

  it.each([
    [100, 200],
    [400, 800],
    [2_000, 1_000],
  ])("[look] leaves the thread to the run behind a look of %i ms: for %i ms", async (tookMs, restMs) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let nowMs = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => nowMs);
    onTestFinished(() => clock.mockRestore());
    const queue = new InspectionQueue();
    const log: string[] = [];
    const put = (name: string) => {
      const run = async () => {
        log.push(name);
        nowMs += tookMs;
      };
      queue.put(name, { run, superseded: () => {} });
    };
    put("first");
    put("second");
    for (let turn = 0; turn < 20; turn++) await null;
    vi.advanceTimersByTime(restMs - 1);
    expect(log).toEqual(["first"]);
    vi.advanceTimersByTime(1);
    expect(log).toEqual(["first", "second"]);
    queue.dispose();
  });
});
