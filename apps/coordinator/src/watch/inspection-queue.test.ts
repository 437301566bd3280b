import { describe, expect, it } from "vitest";
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

  it("[look] begins nothing once it is disposed of", async () => {
    const looks = new Looks();
    looks.put("1/predict", "running");
    looks.put("1/sample", "waiting");
    looks.queue.dispose();
    await looks.release("running");
    looks.put("1/predict", "late");
    expect(looks.log).toEqual(["running", "late superseded"]);
  });
});
