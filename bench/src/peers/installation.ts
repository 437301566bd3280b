import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Versions of what is installed; pinned, so that figures of two days compare. */
const PINNED = {
  "@jax-js/jax": "0.1.25",
  "@tensorflow/tfjs": "4.22.0",
  "@tensorflow/tfjs-backend-wasm": "4.22.0",
  "@tensorflow/tfjs-backend-webgpu": "4.22.0",
} as const;

/** Apart from the workspace, and not in the repository: nothing of Tributary depends on it. */
export const PEERS_FOLDER = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), ".peers");

/**
 * Installs the frameworks from the npm registry, unless these versions are there; their install scripts are not run.
 * @param say takes a line for people
 * @returns whether they are there afterwards
 */
export function installPeers(say: (line: string) => void): boolean {
  const description = `${JSON.stringify({ name: "tributary-bench-peers", private: true, dependencies: PINNED }, null, 2)}\n`;
  const file = join(PEERS_FOLDER, "package.json");
  const stamp = join(PEERS_FOLDER, "node_modules", ".installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === description) return true;
  const names = Object.entries(PINNED).map(([name, version]) => `${name} ${version}`);
  say(`Installing ${names.join(", ")} into bench/.peers (once; some 330 MB) ...`);
  mkdirSync(PEERS_FOLDER, { recursive: true });
  writeFileSync(file, description);
  const windows = process.platform === "win32";
  const options = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
  const result = spawnSync(windows ? "npm.cmd" : "npm", options, {
    cwd: PEERS_FOLDER,
    stdio: ["ignore", 2, 2],
    shell: windows,
  });
  if (result.status !== 0) {
    say(`npm ended with ${result.status ?? result.signal ?? result.error?.message}: peers from npm are left out`);
    return false;
  }
  writeFileSync(stamp, description);
  return true;
}
