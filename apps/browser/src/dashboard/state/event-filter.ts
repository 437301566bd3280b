import type { WatchedEvent } from "@tributary/protocol";

/** Which lines of the event log are shown. */
export interface EventFilter {
  /** warning: and errors. */
  readonly level: "all" | "warning" | "error";
  /** Words that a line must contain, in any case. */
  readonly words: string;
}

/** The lines that pass, the newest first. */
export function filteredEvents(
  events: readonly WatchedEvent[],
  { level, words }: EventFilter,
): readonly WatchedEvent[] {
  const wanted = words.trim().toLowerCase();
  return events
    .filter((line) => level === "all" || line.level === "error" || line.level === level)
    .filter((line) => `${line.kind} ${line.text}`.toLowerCase().includes(wanted))
    .toReversed();
}

/** The newest line that is worth being read out: what went wrong, ends of epochs, and the end. */
export function announcement(events: readonly WatchedEvent[]): WatchedEvent | null {
  return (
    events.findLast(
      (line) => line.level !== "info" || ["epoch", "finished", "checkpoint", "command"].includes(line.kind),
    ) ?? null
  );
}
