import { setTimeout as wait } from "node:timers/promises";
import { ensurePages } from "@tributary/browser";
import {
  type CoordinatorOptions,
  type RunningCoordinator,
  readPages,
  startCoordinator,
} from "@tributary/coordinator-app";
import type { RunEvent } from "@tributary/program";
import { onTestFinished } from "vitest";
import { temporaryFolder } from "../running/temporary-folder.ts";

/** A coordinator in this process that serves the built pages, and what it said. */
export interface PagedCoordinator extends RunningCoordinator {
  readonly events: readonly RunEvent[];
  /** Where the run's files are. */
  readonly folder: string;
}

/** Milliseconds between two looks at what a run has said. */
const LOOK_AGAIN_MILLISECONDS = 50;

/** Resolves with the first event, from number `from` on, there already or to come, that fits. */
export async function untilEvent(
  { events }: Pick<PagedCoordinator, "events">,
  fits: (event: RunEvent) => boolean,
  from = 0,
): Promise<RunEvent> {
  for (;;) {
    const found = events.find((event, number) => number >= from && fits(event));
    if (found !== undefined) return found;
    await wait(LOOK_AGAIN_MILLISECONDS);
  }
}

/** Starts a coordinator with the built pages; it ends with the test. */
export async function startWithPages(options: Omit<CoordinatorOptions, "out" | "pages">): Promise<PagedCoordinator> {
  const pages = await readPages(await ensurePages());
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => events.push(event);
  const folder = await temporaryFolder();
  const coordinator = await startCoordinator({ ...options, pages, out: folder, onEvent });
  onTestFinished(() => coordinator.kill());
  return Object.assign(coordinator, { events, folder });
}
