import { spawnSync } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Milliseconds that Node may take to look at a file's syntax. */
const CHECK_TIMEOUT_MS = 10_000;

/**
 * Where in a file an error began that came up while the file was loaded.
 * @returns "FILE:LINE" of the file, or of one that it imports; null where that is not known
 */
export function placeOf(error: unknown, file: string): string | null {
  if (!(error instanceof Error)) return null;
  return headerPlace(error.stack) ?? framePlace(error.stack, file) ?? checkedPlace(error, file);
}

/** Errors of syntax have their place in front of the stack: "FILE:LINE", then the line itself. */
function headerPlace(stack = ""): string | null {
  const [, path, line] = stack.split("\n")[0]?.match(/^((?:file:\/\/)?(?:\/|[A-Za-z]:[\\/]).+):(\d+)$/) ?? [];
  if (path === undefined) return null;
  return `${path.startsWith("file:") ? fileURLToPath(path) : path}:${line}`;
}

/** Other errors have it in the first frame that lies in the file. */
function framePlace(stack = "", file: string): string | null {
  const url = pathToFileURL(file).href;
  for (const frame of stack.split("\n")) {
    const [, source, line] = frame.match(/^\s+at .*?((?:file:\/\/|\/|[A-Za-z]:[\\/]).+?):(\d+):\d+\)?$/) ?? [];
    if (source === url || source === file) return `${file}:${line}`;
  }
  return null;
}

/** What V8 finds in a module carries no place that a program could read, but a Node process tells it. */
function checkedPlace(error: Error, file: string): string | null {
  if (!(error instanceof SyntaxError)) return null;
  const words = ["--no-warnings", "--check", file];
  const { stderr } = spawnSync(process.execPath, words, { encoding: "utf8", timeout: CHECK_TIMEOUT_MS });
  // It does not strip types, and may stumble over one of them earlier.
  return stderr?.includes(`SyntaxError: ${error.message}\n`) === true ? headerPlace(stderr) : null;
}
