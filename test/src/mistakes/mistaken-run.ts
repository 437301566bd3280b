import {
  type arrays as Arrays,
  accuracy,
  arrays,
  crossEntropy,
  defineRun,
  fit,
  Linear,
  onEvents,
  type RunDescription,
  sgd,
} from "tributary";
import { expect } from "vitest";

/** Fields and arrays, as a user gives them. */
type DataOptions = Parameters<typeof Arrays>[0];

/** Samples of the run that nothing is wrong with. */
const SAMPLES = 8;

/** `count` numbers that are all alike. */
export function floats(count: number, value = 0.5): Float32Array {
  return new Float32Array(count).fill(value);
}

/** Labels 0, 1, 2, 0, 1, 2, ... */
export function labels(count: number = SAMPLES): Int32Array {
  return Int32Array.from({ length: count }, (_, index) => index % 3);
}

/** A dataset of 8 samples: 4 numbers each and one of 3 classes, unless something else is said. */
export function data(changed: Omit<Partial<DataOptions>, "train"> & { readonly train?: object } = {}) {
  const { train, ...options } = changed;
  return arrays({
    fields: { inputs: [4], targets: [] },
    ...options,
    train: { inputs: floats(4 * SAMPLES), targets: labels(), ...train },
  });
}

/** What may stand in the place of the parts of a run in a run file, whose types nobody checked. */
export type Mistake = Partial<Record<keyof RunDescription, unknown>>;

/** Trains a small classifier, in which something was changed. @returns the names of the run's events */
export async function train(mistake: () => Mistake): Promise<string[]> {
  const events: string[] = [];
  const description = {
    name: "mistaken",
    model: () => new Linear(4, 3),
    loss: crossEntropy,
    metrics: { accuracy },
    optimizer: sgd({ learningRate: 0.1 }),
    data: data(),
    batchSize: 4,
    microbatch: 2,
    ...mistake(),
  } as RunDescription;
  try {
    await fit(defineRun(description), {
      backend: "reference",
      callbacks: [onEvents(({ event }) => events.push(event))],
    });
  } catch (error) {
    expect(events, "nothing is trained before a mistake is told").toEqual([]);
    throw error;
  }
  return events;
}

/**
 * The one error that a mistake gives: it has a code, and a message that has no period at its end, and says how to
 * mend it after a colon.
 */
export async function errorOf(mistake: () => Mistake): Promise<{ code: string; message: string }> {
  const error: unknown = await train(mistake).then(
    () => "none",
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error) || !("code" in error)) throw new Error(`Not an error with a code: ${String(error)}`);
  const { message, code } = error;
  expect(message).toMatch(/^[A-Za-z/].+: .+[^.]$/s);
  return { code: String(code), message };
}
