import { createHash } from "node:crypto";
import type { WorkerId } from "@tributary/protocol";

/** Hexadecimal digits of a shown id: enough to tell the workers of a run apart. */
const SHOWN_DIGITS = 16;

/**
 * What watchers are given for a worker's id. The id itself is a secret between that worker and the coordinator: a hello that names
 * it under `resume` ends the session.
 */
export function shownId(worker: WorkerId): string {
  return `w${createHash("sha256").update(worker).digest("hex").slice(0, SHOWN_DIGITS)}`;
}
