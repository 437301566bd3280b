import type { EpochEvent } from "@tributary/program";
import { describe, expect, it } from "vitest";
import { type PlateauOptions, reduceOnPlateau } from "./plateau.ts";

const LOSSES = [1, 0.9, 0.95, 0.9, 0.8999, 0.91, 0.5, 0.6, 0.7, 0.6, 0.6, 0.6];

/** The learning-rate factor after each epoch. */
function factors(
  options: Omit<PlateauOptions, "monitor">,
  values = LOSSES,
  monitor: `test${string}` = "testLoss",
): number[] {
  const callback = reduceOnPlateau({ monitor, ...options });
  let factor = 1;
  return values.map((value, index) => {
    const measured: Record<`test${string}`, number> = { [monitor]: value };
    const event: EpochEvent = { event: "epoch", epoch: index + 1, trainLoss: 1, seconds: 1, ...measured };
    for (const command of callback.onEvent(event)) {
      if (command.command === "learningRateFactor") factor = command.factor;
    }
    return Number(factor.toPrecision(6));
  });
}

describe("reduceOnPlateau", () => {
  // Expected factors are those of PyTorch 1.13's ReduceLROnPlateau on the same losses.
  const rows: [string, Omit<PlateauOptions, "monitor">, number[]][] = [
    [
      "bears `patience` epochs",
      { factor: 0.5, patience: 1 },
      [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125],
    ],
    [
      "counts nothing while it cools down",
      { factor: 0.1, patience: 0, cooldown: 2 },
      [1, 1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001, 0.0001],
    ],
    [
      "takes an absolute threshold",
      { factor: 0.5, patience: 1, minDelta: 0.05 },
      [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625],
    ],
    [
      "stops at the smallest factor",
      { factor: 0.5, patience: 0, minimumFactor: 0.3 },
      [1, 1, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
    ],
  ];
  it.each(rows)("%s", (_, options, expected) => {
    expect(factors(options)).toEqual(expected);
  });
  it("knows that accuracies and their like grow", () => {
    const accuracies = LOSSES.map((loss) => 1 - loss);
    const expected = [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125];
    for (const monitor of ["testAccuracy", "testF1", "testTop5"] as const) {
      expect(factors({ factor: 0.5, patience: 1 }, accuracies, monitor)).toEqual(expected);
    }
  });

  // Expected factors follow keras/src/callbacks/reduce_lr_on_plateau.py of Keras 3, line by line in Python.
  const kerasRows: [string, Omit<PlateauOptions, "monitor">, number[]][] = [
    [
      "reduces in the last of `patience` epochs",
      { factor: 0.5, patience: 2 },
      [1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625],
    ],
    [
      "ends its pause before it counts",
      { factor: 0.5, patience: 1, cooldown: 2 },
      [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625, 0.03125],
    ],
    [
      "stops at the smallest factor",
      { factor: 0.5, patience: 1, minimumFactor: 0.3 },
      [1, 1, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
    ],
  ];
  it.each(kerasRows)("as Keras' %s", (_, options, expected) => {
    expect(factors({ ...options, variant: "keras" })).toEqual(expected);
  });

  it("refuses options out of range, and says which values there are", () => {
    expect(() => reduceOnPlateau({ monitor: "testLoss", factor: 1 })).toThrow(/factor is 1/);
    expect(() => reduceOnPlateau({ monitor: "testLoss", patience: -1 })).toThrow(/patience is -1/);
    const callback = reduceOnPlateau({ monitor: "testLos" });
    expect(() => callback.onEvent({ event: "epoch", epoch: 1, trainLoss: 1, seconds: 1 })).toThrow(/no testLos/);
  });
});
