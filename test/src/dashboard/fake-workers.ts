import type { WatchedWorker, WatchedWorkerState } from "@tributary/protocol";

const NAMES = [
  "Ana laptop",
  "Pixel 9 of Ana",
  "lab-03",
  "iPad second row",
  "workshop iMac",
  "Kim",
  "raspberry",
  "atelier",
];

/** What they compute on, in turn. */
const DEVICES: readonly Pick<WatchedWorker, "kind" | "backend" | "adapter" | "threads">[] = [
  { kind: "tab", backend: "webgpu", adapter: "NVIDIA GeForce RTX 4070", threads: 1 },
  { kind: "tab", backend: "webgpu", adapter: "Qualcomm Adreno 750", threads: 1 },
  { kind: "node", backend: "wasm", adapter: null, threads: 8 },
  { kind: "tab", backend: "wasm", adapter: null, threads: 4 },
];

const RATES = [1_420, 310, 870, 240, 560, 690, 45, 980];

function stateOf(index: number): WatchedWorkerState {
  if (index === 1) return "slow";
  if (index === 6) return "waiting";
  if (index % 11 === 10) return "lost";
  return "active";
}

/** So many rows of the table of workers. */
export function fakeWorkers(count: number, step: number, names: readonly string[] = NAMES): readonly WatchedWorker[] {
  return Array.from({ length: count }, (_, index): WatchedWorker => {
    const state = stateOf(index);
    const isThere = state !== "lost";
    const rate = isThere ? (RATES[index % RATES.length] ?? 0) : 0;
    const round = Math.floor(index / names.length);
    return {
      id: `w${index + 1}`,
      name: `${names[index % names.length]}${round === 0 ? "" : ` ${round + 1}`}`,
      ...(DEVICES[index % DEVICES.length] ?? { kind: "node", backend: "wasm", adapter: null, threads: 1 }),
      codec: "float16",
      state,
      roundTripMilliseconds: isThere ? 0.8 + 17.3 * (index % 5) : null,
      silentMilliseconds: isThere ? 400 : 48_000,
      bytesIn: 123_412 * (step + 3 * index),
      bytesOut: 246_824 * (step + index),
      bytesInPerSecond: isThere ? 320_000 + 9_000 * index : 0,
      bytesOutPerSecond: isThere ? 810_000 : 0,
      lag: state === "slow" ? 1 : isThere ? 0 : null,
      samplesPerSecond: rate,
      samples: 60 * step,
      accepted: Math.floor(step * (0.4 + 0.05 * (index % 7))),
      rejected: index === 3 ? 2 : 0,
      stale: index === 1 ? 7 : 0,
    };
  });
}
