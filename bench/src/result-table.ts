import type { Result } from "./suite.ts";

const HEADINGS = ["work", "engine", "threads", "ms a step", "samples/s", "ours to it"];

/**
 * Results as a table for people. The last column is samples a second of our engine over those of the row's: 3.00 x says that ours is three times as fast.
 * @param ours name of our own engine
 */
export function resultTable(results: readonly Result[], ours: string): string {
  const rows = results.map((result) => {
    const own = results.find(({ work, engine }) => work === result.work && engine === ours);
    const ratio = own === undefined || result.engine === ours ? "" : own.samplesPerSecond / result.samplesPerSecond;
    return [
      result.work,
      result.engine,
      String(result.threads),
      result.msPerStep.toFixed(2),
      Math.round(result.samplesPerSecond).toLocaleString("en"),
      ratio === "" ? "" : `${ratio.toFixed(2)} x`,
    ];
  });
  const lines = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  // Words to the left, numbers to the right.
  const cell = (text: string, column: number) =>
    column < 2 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return lines.map((line) => line.map(cell).join("  ").trimEnd()).join("\n");
}
