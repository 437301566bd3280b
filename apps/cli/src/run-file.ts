import { existsSync } from "node:fs";
import { type ResolveHookSync, registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isRun, type Run } from "@tributary/training";
import { placeOf } from "./error-place.ts";
import { CommandError } from "./errors.ts";

/**
 * Loads a run file: TypeScript or JavaScript whose default export is made by `defineRun`. It may lie anywhere on the disk:
 * what it imports as `tributary` is the package that belongs to this command.
 * @throws CommandError RUN_FILE_INVALID
 */
export async function loadRun(path: string): Promise<Run> {
  const file = resolve(path);
  if (!existsSync(file)) {
    throw new CommandError(
      "RUN_FILE_INVALID",
      `There is no file ${file}`,
      "Give the path of a run file, such as examples/digits.run.ts",
    );
  }
  const hooks = registerHooks({ resolve: resolveTributary });
  try {
    const module: unknown = await import(pathToFileURL(file).href);
    const run = typeof module === "object" && module !== null && "default" in module ? module.default : undefined;
    if (isRun(run)) return run;
    throw new CommandError(
      "RUN_FILE_INVALID",
      `${file} has no default export made by defineRun`,
      "Write: export default defineRun({ ... })",
    );
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      "RUN_FILE_INVALID",
      `${placeOf(error, file) ?? file} cannot be loaded: ${message}`,
      "Mend the file there; set DEBUG=1 for the whole error",
      { cause: error },
    );
  } finally {
    hooks.deregister();
  }
}

// Resolved before the hook stands: it would ask itself.
const TRIBUTARY = import.meta.resolve("tributary");

/** `tributary` is always this command's copy: classes and module state must be the same ones in run file and command. */
const resolveTributary: ResolveHookSync = (specifier, context, next) =>
  specifier === "tributary" ? { url: TRIBUTARY, shortCircuit: true } : next(specifier, context);
