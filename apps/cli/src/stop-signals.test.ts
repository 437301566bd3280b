import { describe, expect, it, vi } from "vitest";
import { type StopSignal, StopSignals } from "./stop-signals.ts";

/** Signals at moments in milliseconds. @returns what was finished, and with which codes the process would have ended */
function after(signals: readonly (readonly [StopSignal, number])[], hasWork = true) {
  const finished: StopSignal[] = [];
  const exits: unknown[] = [];
  const exit = vi.spyOn(process, "exit").mockImplementation((code) => {
    exits.push(code);
    throw new Error("The process would be gone");
  });
  let nowMs = 0;
  const stopSignals = new StopSignals(() => nowMs);
  if (hasWork) stopSignals.onFirst((signal) => finished.push(signal));
  for (const [signal, atMs] of signals) {
    nowMs = atMs;
    try {
      process.emit(signal);
    } catch {
      break;
    }
  }
  stopSignals.dispose();
  exit.mockRestore();
  return { finished, exits };
}

describe("signals that ask a command to end", () => {
  it("the first one has it finish, the second one ends it at once, by the code of that signal", () => {
    expect(after([["SIGINT", 0]])).toEqual({ finished: ["SIGINT"], exits: [] });
    expect(
      after([
        ["SIGINT", 0],
        ["SIGINT", 150],
      ]),
    ).toEqual({ finished: ["SIGINT"], exits: [130] });
    expect(
      after([
        ["SIGINT", 0],
        ["SIGTERM", 10],
      ]),
    ).toEqual({ finished: ["SIGINT"], exits: [143] });
  });

  it("SIGTERM that comes to a whole group and is handed on too is one, within a second", () => {
    expect(
      after([
        ["SIGTERM", 0],
        ["SIGTERM", 999],
      ]),
    ).toEqual({ finished: ["SIGTERM"], exits: [] });
    expect(
      after([
        ["SIGTERM", 0],
        ["SIGTERM", 1_000],
      ]),
    ).toEqual({ finished: ["SIGTERM"], exits: [143] });
  });

  it("while there is nothing to finish, the first one ends it", () => {
    expect(after([["SIGTERM", 0]], false)).toEqual({ finished: [], exits: [143] });
  });
});
