import { readFile } from "node:fs/promises";
import { type RunTuning, startCoordinator } from "@tributary/coordinator-app";
import { runNodeWorker } from "@tributary/node-worker";
import { decodeSafetensors, modelFromSafetensors, type TracedRun } from "@tributary/training";
import { type LoggedStep, readRecord } from "../running/run-record.ts";
import { SlowLink } from "../running/slow-link.ts";
import { temporaryFolder } from "../running/temporary-folder.ts";

/** How a run is trained by several workers. */
export interface Together {
  /** One worker each: how late what it says arrives, in milliseconds. */
  readonly delaysMs: readonly number[];
  readonly tuning?: RunTuning;
  readonly codec?: string;
}

/** What came of it. */
export interface TrainedTogether {
  readonly parameters: Float32Array;
  readonly buffers: Float32Array;
  readonly parametersSha256: string | null;
  readonly record: readonly LoggedStep[];
  /** Number of the worker, from 0, for every run of gradient pieces that arrived, in order. */
  readonly arrivals: readonly number[];
  readonly bytesReceived: number;
}

/** Trains a run with a coordinator and workers over sockets of this machine, each worker on a link of its own. */
export async function trainTogether(run: TracedRun, { delaysMs, tuning, codec }: Together): Promise<TrainedTogether> {
  const out = await temporaryFolder();
  const coordinator = await startCoordinator({
    run,
    out,
    codecs: [codec ?? "float32"],
    backend: "wasm",
    tuning: tuning ?? {},
  });
  const arrivals: number[] = [];
  const links = await Promise.all(
    delaysMs.map((delayMs, index) =>
      SlowLink.open(coordinator.url, delayMs, () => {
        if (arrivals.at(-1) !== index) arrivals.push(index);
      }),
    ),
  );
  const workers = links.map(({ joinUrl }, index) =>
    runNodeWorker({ url: joinUrl, backend: "wasm", name: `worker-${index}` }),
  );
  const result = await coordinator.finished;
  await Promise.all(workers);
  for (const link of links) link.close();
  if (result.model === null) throw new Error(`The run left no model: ${result.outcome} ${result.reason}`);
  const file = decodeSafetensors(new Uint8Array(await readFile(result.model)));
  const { parameters, buffers } = modelFromSafetensors(run.layout, file);
  const { parametersSha256, bytesReceived } = result;
  return { parameters, buffers, parametersSha256, record: await readRecord(out), arrivals, bytesReceived };
}

/** Euclidean norm of the difference over the norm of `expected`. */
export function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let norm = 0;
  expected.forEach((value, index) => {
    difference += (value - (actual[index] ?? Number.NaN)) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}
