import { TrainingError } from "./errors.ts";

/** Where a logger's text goes: a file by its path, or a function that takes the text. */
export type TextSink = string | ((text: string) => void);

/** The part of Node's file system that loggers use; Deno and Bun have it too. */
function fileSystem(path: string) {
  const files = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:fs");
  if (files !== undefined) return files;
  throw new TrainingError(
    "NO_FILE_SYSTEM",
    `${path} cannot be written: this platform has no file system; give the logger a function that takes the text`,
  );
}

/**
 * A function that writes text at the end of a file, at once, so that a run that is killed leaves whole lines. The file is touched at the first
 * text, not before: loading a run file changes nothing.
 * @param options append false: what the file held is lost. Default true
 * @throws TrainingError NO_FILE_SYSTEM from the function, in a browser
 */
export function appendTo(path: string, options: { readonly append?: boolean } = {}): (text: string) => void {
  let startsAnew = options.append === false;
  return (text) => {
    const files = fileSystem(path);
    if (startsAnew) files.writeFileSync(path, text);
    else files.appendFileSync(path, text);
    startsAnew = false;
  };
}

/** The text of a file; empty where there is none. @throws TrainingError NO_FILE_SYSTEM in a browser */
export function existingText(path: string): string {
  const files = fileSystem(path);
  return files.existsSync(path) ? files.readFileSync(path, "utf8") : "";
}

/** The function behind a sink. @param append see {@link appendTo}; of no consequence for a function */
export function writerOf(sink: TextSink, append: boolean): (text: string) => void {
  return typeof sink === "string" ? appendTo(sink, { append }) : sink;
}
