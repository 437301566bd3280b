import { spawnSync } from "node:child_process";

/** A Python that can import a module; PYTHON names one, otherwise the usual places are tried. Says loudly that a test is skipped. */
export function pythonWith(module: string, purpose: string): string | undefined {
  const candidates = [process.env.PYTHON ?? "python3", "/usr/bin/python3"];
  const found = candidates.find((python) => spawnSync(python, ["-c", `import ${module}`]).status === 0);
  if (found === undefined) process.stderr.write(`\n*** SKIPPED: ${purpose}, because no python3 here has ${module}\n\n`);
  return found;
}

/** Runs a script. @returns standard output @throws Error with standard error, unless it ends well */
export function runPython(python: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(python, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${python} ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}
