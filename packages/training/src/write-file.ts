import { TrainingError } from "./errors.ts";

/**
 * Writes a file where the platform has a file system (Node, Deno and Bun). Asked for at run time, so that this package loads in browsers too.
 * @throws TrainingError NO_FILE_SYSTEM elsewhere
 */
export async function writeFile(path: string, bytes: Uint8Array): Promise<void> {
  const files = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:fs/promises");
  if (files === undefined) {
    throw new TrainingError(
      "NO_FILE_SYSTEM",
      `${path} cannot be written: this platform has no file system; take the bytes from toSafetensors()`,
    );
  }
  await files.writeFile(path, bytes);
}
