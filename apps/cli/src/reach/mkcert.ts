import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Milliseconds that mkcert has for saying where its authority is. */
const ANSWER_MS_MAX = 3_000;

/** The folder of mkcert's authority (mkcert, filippo.io/mkcert); null when mkcert is not installed, or has made none. */
export function mkcertFolder(): string | null {
  const { status, stdout } = spawnSync("mkcert", ["-CAROOT"], { encoding: "utf8", timeout: ANSWER_MS_MAX });
  if (status !== 0) return null;
  const folder = stdout.trim();
  return existsSync(join(folder, "rootCA.pem")) ? folder : null;
}
