#!/usr/bin/env node
// Starts the command on a Node that runs TypeScript as it is: this one, or the one that the workspace pins.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** First version of Node whose type stripping needs no flag, and which has what the kernels use. */
const NODE_MAJOR = 24;
const main = join(dirname(dirname(fileURLToPath(import.meta.url))), "src", "main.ts");

/** The Node that is installed as a package, if it is. */
function pinnedNode() {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
  } catch {
    return null;
  }
}

const [major] = process.versions.node.split(".");
const pinned = pinnedNode();
if (Number(major) >= NODE_MAJOR) {
  await import(main);
} else if (pinned === null) {
  process.stderr.write(
    `Error NODE_TOO_OLD: this is Node ${process.versions.node}, and the command needs ${NODE_MAJOR} or newer\n` +
      "  Install a newer Node, or run npm run setup in a clone, which brings one along\n",
  );
  process.exitCode = 1;
} else {
  const child = spawn(pinned, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends Ctrl-C to the whole group: the command handles it, this process only waits for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
}
