import type { RunEvent } from "@tributary/program";
import type { WatchCommand, WatchedEvent } from "@tributary/protocol";

/** A line of the event log without its place in it. */
export type EventLine = Pick<WatchedEvent, "level" | "kind" | "text">;

/** Characters of one line. */
const LINE_LENGTH_MAX = 500;

/** What an event is called in the log; null for steps, which the curves show. */
export function eventLine(event: RunEvent): EventLine | null {
  const line = lineOf(event);
  return line === null ? null : { kind: event.event, level: line.level, text: line.text.slice(0, LINE_LENGTH_MAX) };
}

function lineOf(event: RunEvent): Pick<WatchedEvent, "level" | "text"> | null {
  const info = (text: string) => ({ level: "info", text }) as const;
  switch (event.event) {
    case "step":
      return null;
    case "listening":
      return info(`Run ${event.run} is open: ${event.parameters.toLocaleString("en")} parameters`);
    case "worker":
      return event.state === "lost"
        ? { level: "warning", text: `${event.name} was lost` }
        : info(`${event.name} ${event.state}`);
    case "reissued":
      return {
        level: "warning",
        text: `Samples ${event.start} to ${event.end - 1} of step ${event.step + 1} were given to another worker`,
      };
    case "waiting":
      return info(event.reason);
    case "checkpoint":
      return info(`Saved after step ${event.step}`);
    case "epoch":
      return info(epochText(event));
    case "error":
      return { level: "error", text: `${event.message}. ${event.remedy}` };
    case "finished":
      return info(`The run is finished: ${event.steps} steps in ${event.seconds.toFixed(1)} s`);
    default:
      return event satisfies never;
  }
}

/** "training loss 0.02, accuracy 0.99; test loss 0.03, accuracy 0.98", of keys such as `trainLoss` and `testAccuracy`. */
function epochText(event: Extract<RunEvent, { event: "epoch" }>): string {
  const parts = (["train", "test"] as const).flatMap((part) => {
    const values = Object.entries(event).flatMap(([key, value]) =>
      key.startsWith(part) && typeof value === "number" ? [`${wordsOf(key.slice(part.length))} ${figure(value)}`] : [],
    );
    return values.length === 0 ? [] : [`${part === "train" ? "training" : "test"} ${values.join(", ")}`];
  });
  return `Epoch ${event.epoch} in ${event.seconds.toFixed(1)} s: ${parts.join("; ")}`;
}

function wordsOf(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

function figure(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** What a command that was taken is called in the log. @param factor of the learning rate, before the command and after it */
export function commandLine(
  command: Pick<WatchCommand, "command">,
  factor: { readonly before: number; readonly after: number },
): EventLine {
  const text =
    command.command === "learningRateFactor"
      ? `The learning rate was set on a dashboard to ${factor.after} times the schedule's, from the next update on; it was ${factor.before} times`
      : `Somebody who watches asked for: ${command.command}`;
  return { kind: "command", level: "info", text };
}
