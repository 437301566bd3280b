import type { RunSummary } from "@tributary/coordinator";
import type { RunEvent } from "@tributary/program";

/** What a run has left behind. */
export interface RunRemains {
  /** Path of the model; null when nothing useful was learnt. */
  readonly model: string | null;
  readonly parametersSha256: string | null;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** What is told when a run is over: why it failed, if it did, and what it has left. */
export function endEvents(summary: RunSummary, remains: RunRemains): RunEvent[] {
  const { outcome, reason, steps, samples, seconds, samplesPerSecond, test } = summary;
  const events: RunEvent[] = [];
  if (outcome === "diverged") {
    const remedy = "Lower the learning rate, or clip the gradient";
    events.push({ event: "error", code: "DIVERGED", message: reason, remedy });
  } else if (outcome === "failed") {
    events.push({ event: "error", code: "RUN_FAILED", message: reason, remedy: "See the messages before this one" });
  }
  const { model, parametersSha256, bytesSent, bytesReceived } = remains;
  if (model === null || parametersSha256 === null) return events;
  const written = { model, parametersSha256, bytesSent, bytesReceived };
  return [...events, { event: "finished", steps, samples, seconds, samplesPerSecond, ...test, ...written }];
}
