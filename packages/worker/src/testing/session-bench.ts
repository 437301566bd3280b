import { open } from "@tributary/kernels";
import { crc32, type LeaseMessage, PROTOCOL_VERSION } from "@tributary/protocol";
import { LocalComputation } from "../local-computation.ts";
import { WorkerSession } from "../session.ts";
import type { SessionEnd, SessionEvent } from "../session-event.ts";
import type { SessionOptions } from "../session-options.ts";
import { FakeCoordinator } from "./fake-coordinator.ts";
import { ManualClock } from "./manual-clock.ts";
import { createTinyRun } from "./tiny-run.ts";

/** The run that sessions under test join. */
export const RUN = createTinyRun(12, 4);
/** Parameters, then buffers, of every step. */
export const PARAMETERS = new Float32Array([1, 2, 0, 0, 0.5]);
/** What the worker says of itself. */
export const HELLO = {
  protocol: PROTOCOL_VERSION,
  programFormats: [1],
  operations: null,
  run: null,
  name: "tester",
  backend: "reference",
  kind: "node" as const,
  adapter: null,
  arithmeticClass: "reference",
  threads: 1,
  codecs: ["float32", "float16"],
};

/** A gradient lease of step 0, of two microbatches. */
export function leaseOf(id: number, change: Partial<LeaseMessage> = {}): LeaseMessage {
  const base = { type: "lease", lease: id, step: 0, kind: "gradient", epoch: 0, start: 0, end: 4 } as const;
  return { ...base, milliseconds: 1_000, ...change };
}

/** Lets everything that is ready to happen, happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
}

/** A session and all that surrounds it. */
export interface Bench {
  readonly coordinator: FakeCoordinator;
  readonly clock: ManualClock;
  readonly session: WorkerSession;
  readonly events: SessionEvent[];
  readonly ended: Promise<SessionEnd>;
}

/** Starts a session with a coordinator played by the test. */
export async function start(
  change: Partial<SessionOptions> = {},
  prepare: (c: FakeCoordinator) => void = () => {},
): Promise<Bench> {
  const coordinator = new FakeCoordinator();
  prepare(coordinator);
  const clock = new ManualClock();
  const events: SessionEvent[] = [];
  const computation =
    change.computation ??
    new LocalComputation({ device: await open("reference"), fetchBlob: RUN.fetchBlob, clock, crc32 });
  const session = new WorkerSession({
    connect: coordinator.connect,
    clock,
    random: () => 0.5,
    crc32,
    hello: HELLO,
    firstAttemptsMax: 3,
    onEvent: (event) => events.push(event),
    ...change,
    computation,
  });
  return { coordinator, clock, session, events, ended: session.run() };
}

/** A session that holds the parameters of step 0. */
export async function join(change: Partial<SessionOptions> = {}): Promise<Bench> {
  const bench = await start(change);
  await bench.coordinator.hear("hello");
  bench.coordinator.say(RUN.welcome);
  bench.coordinator.sayParameters(0, PARAMETERS);
  await bench.coordinator.hear("ready");
  return bench;
}
