import type { RunEvent } from "@tributary/program";
import { type Callback, onEvents } from "./callbacks.ts";
import { existingText, type TextSink, writerOf } from "./text-file.ts";

/** How {@link csvLogger} writes. */
export interface CsvLoggerOptions {
  /** Goes on in a file, under the header that it has, instead of replacing it. Default false. */
  readonly append?: boolean;
}

/**
 * Writes a line of comma-separated values for each epoch, under a header: epoch, seconds, losses and metrics. Columns are those of the first
 * epoch, or of the file that is continued; a value that an epoch lacks stays empty.
 * @param sink a path, or a function that takes the text
 * @throws TrainingError NO_FILE_SYSTEM at the first epoch, for a path in a browser
 */
export function csvLogger(sink: TextSink, options: CsvLoggerOptions = {}): Callback {
  const { append = false } = options;
  const write = writerOf(sink, append);
  let columns: readonly string[] | null = null;
  return onEvents((event) => {
    if (event.event !== "epoch") return;
    const values = numbersOf(event);
    if (columns === null) {
      columns = append && typeof sink === "string" ? headerOf(existingText(sink)) : null;
      if (columns === null) {
        columns = [...values.keys()];
        write(`${columns.join(",")}\n`);
      }
    }
    write(`${columns.map((column) => values.get(column) ?? "").join(",")}\n`);
  });
}

/** Null where the text has no line. */
function headerOf(text: string): readonly string[] | null {
  const [line = ""] = text.split(/\r?\n/, 1);
  return line === "" ? null : line.split(",");
}

function numbersOf(event: RunEvent): Map<string, number> {
  return new Map(
    Object.entries(event).flatMap(([key, value]: [string, unknown]) =>
      typeof value === "number" ? [[key, value]] : [],
    ),
  );
}
