import { setTimeout as wait } from "node:timers/promises";

/** Milliseconds between two looks. */
const LOOK_AGAIN_MS = 5;

/** Resolves when what the coordinator at `url` says of its run (GET /runs) fits the pattern. */
export async function untilStateFits(url: string, pattern: RegExp): Promise<string> {
  for (;;) {
    const response = await fetch(`${url}/runs`);
    const [{ state }]: [{ state: string }] = JSON.parse(await response.text());
    if (pattern.test(state)) return state;
    await wait(LOOK_AGAIN_MS);
  }
}
