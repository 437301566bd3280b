import { Buffer } from "node:buffer";
import {
  type TestSample,
  WATCH_FAILURE_CODES,
  type WatchActivations,
  type WatchActivationsRequest,
  type WatchedConfusion,
  type WatchedSource,
  type WatchFailureCode,
  type WatchFollowRequest,
  type WatchMessage,
  type WatchPredictRequest,
  type WatchSampleRequest,
  type WatchSamplesRequest,
} from "@tributary/protocol";
import type { ComputeLink } from "../compute/compute-link.ts";
import type {
  InspectedOutputs,
  InspectedSample,
  InspectedSource,
  InspectionSetup,
} from "../compute/compute-message.ts";
import { InspectionQueue } from "./inspection-queue.ts";
import { Judgement } from "./judgement.ts";
import { type ViewRequest, viewRefusal } from "./view-refusal.ts";

/** Whoever asked, as far as answers need it. */
export interface Viewer {
  readonly id: number;
  send(message: WatchMessage): void;
  /** Whether it has read enough of what was sent to take something it did not ask for this time. */
  readonly keepsUp: boolean;
}

interface Followed {
  readonly viewer: Viewer;
  readonly request: number;
  readonly source: InspectedSource;
  /** Step of the last set; -1 before the first. */
  step: number;
}

/** Numbers of outputs that are sent; what is beyond is left out. */
const OUTPUTS_MAX = 4_096;

/**
 * Answers what watchers want to see of the model's inside: asks the compute thread, never computes. Everything it is asked for is
 * checked here first, so that a refusal has its reason.
 */
export class ModelViewer {
  readonly #compute: Pick<ComputeLink, "request">;
  readonly #setup: InspectionSetup;
  readonly #onConfusion: (confusion: WatchedConfusion) => void;
  readonly #queue = new InspectionQueue();
  readonly #followed = new Map<number, Followed>();
  #opened: Promise<null> | null = null;
  #judgement: Judgement | null = null;
  /** Resolves with the judging that is under way. */
  #judging: PromiseWithResolvers<Judgement> | null = null;

  /** @param onConfusion hears of every table that was counted */
  constructor(
    compute: Pick<ComputeLink, "request">,
    setup: InspectionSetup,
    onConfusion: (confusion: WatchedConfusion) => void,
  ) {
    this.#compute = compute;
    this.#setup = setup;
    this.#onConfusion = onConfusion;
  }

  /** Answers in its time, with the request's own answer or with `failed`. */
  serve(viewer: Viewer, request: ViewRequest): void {
    const why = viewRefusal(request, this.#setup);
    if (why !== null) {
      viewer.send(failure(request.request, why.code, why.message));
      return;
    }
    if (request.type === "follow") {
      this.#follow(viewer, request);
      return;
    }
    this.#queue.put(`${viewer.id}/${request.type}`, {
      run: () => this.#answer(viewer, request),
      superseded: () => viewer.send(failure(request.request, "SUPERSEDED", WATCH_FAILURE_CODES.SUPERSEDED)),
    });
  }

  /** Sends new sets to those who follow a sample, if the model has changed; to be called about once a second. */
  tick(step: number): void {
    for (const followed of this.#followed.values()) {
      if (followed.step >= step || !followed.viewer.keepsUp) continue;
      this.#queue.put(`${followed.viewer.id}/follow`, { run: () => this.#sendSet(followed), superseded: () => {} });
    }
  }

  /** Judges the test samples anew, in small pieces. Does nothing where the model is no classifier. */
  judge(): void {
    if (this.#setup.classes === null || this.#setup.samples === 0 || this.#judging !== null) return;
    void this.#startJudging();
  }

  /** Judges them with the parameters of this step, the run's last, unless that was done. Never rejects; {@link dispose} ends it. */
  async judgeLast(step: number): Promise<void> {
    // One that is under way may have begun with older parameters.
    for (let round = 0; round < 2 && (this.#judgement?.step ?? 0) < step; round += 1) {
      this.judge();
      if (this.#judging === null) return;
      const isDone = await this.#judging.promise.then(
        () => true,
        () => false,
      );
      if (!isDone) return;
    }
  }

  forget(viewer: Viewer): void {
    this.#followed.delete(viewer.id);
    this.#queue.drop(`${viewer.id}/`);
  }

  dispose(): void {
    this.#queue.dispose();
    this.#followed.clear();
    this.#judging?.reject(new Error("The run is over"));
  }

  #follow(viewer: Viewer, { request, source }: WatchFollowRequest): void {
    this.#followed.delete(viewer.id);
    viewer.send({ type: "done", request });
    if (source === null) return;
    const followed: Followed = { viewer, request, source: sourceOf(source), step: -1 };
    this.#followed.set(viewer.id, followed);
    this.#queue.put(`${viewer.id}/follow`, { run: () => this.#sendSet(followed), superseded: () => {} });
  }

  async #sendSet(followed: Followed): Promise<void> {
    const { viewer, request, source } = followed;
    try {
      const set = await this.#activations(request, source);
      followed.step = set.step;
      if (this.#followed.get(viewer.id) === followed) viewer.send(set);
    } catch (error) {
      this.#followed.delete(viewer.id);
      viewer.send(failureOf(request, error));
    }
  }

  async #answer(viewer: Viewer, request: Exclude<ViewRequest, WatchFollowRequest>): Promise<void> {
    try {
      if (request.type === "samples") await this.#answerSamples(viewer, request);
      else viewer.send(await this.#answerTo(request));
    } catch (error) {
      viewer.send(failureOf(request.request, error));
    }
  }

  async #answerTo(message: WatchPredictRequest | WatchActivationsRequest | WatchSampleRequest): Promise<WatchMessage> {
    const { request } = message;
    await this.#open();
    switch (message.type) {
      case "predict": {
        const source = sourceOf(message);
        const { step, shape, outputs, probabilities } = await this.#compute.request("predict", source);
        const shown = numbersOf(outputs.subarray(0, OUTPUTS_MAX));
        return { type: "prediction", request, step, shape, outputs: shown, probabilities: chances(probabilities) };
      }
      case "activations":
        return this.#activations(request, sourceOf(message.source));
      case "sample":
        return { type: "sample", request, sample: await this.#sample(message.index) };
      default:
        return message satisfies never;
    }
  }

  async #activations(request: number, source: InspectedSource): Promise<WatchActivations> {
    await this.#open();
    const { step, layers, probabilities } = await this.#compute.request("activations", source);
    return {
      type: "activations",
      request,
      step,
      sample: "sample" in source ? source.sample : null,
      layers: layers.map(({ values, ...layer }) => ({ ...layer, values: base64(values) })),
      probabilities: chances(probabilities),
    };
  }

  async #sample(index: number): Promise<TestSample> {
    const { inputs, label }: InspectedSample = await this.#compute.request("sample", index);
    return { index, label, inputs: base64(inputs) };
  }

  // The judging itself goes on in the background: this look only asks for it, and answers when it is there.
  async #answerSamples(viewer: Viewer, message: WatchSamplesRequest): Promise<void> {
    const { request, label, predicted } = message;
    if (this.#judgement === null) {
      this.judge();
      const again = () => this.serve(viewer, message);
      // A look of its own again: of many that were asked for meanwhile the latest is done.
      this.#judging?.promise.then(again, (error: unknown) => viewer.send(failureOf(request, error)));
      return;
    }
    const samples = [];
    for (const { index, probability } of this.#judgement.cell(label, predicted)) {
      samples.push({ ...(await this.#sample(index)), predicted, probability });
    }
    const { step, samples: searched } = this.#judgement;
    viewer.send({ type: "samples", request, step, label, predicted, samples, searched });
  }

  async #startJudging(): Promise<void> {
    const judging = Promise.withResolvers<Judgement>();
    // Nobody may be waiting for it.
    judging.promise.catch(() => {});
    this.#judging = judging;
    let judgement: Judgement | null = null;
    this.#queue.setBackground(async () => {
      try {
        await this.#open();
        const part = await this.#compute.request("judge", { first: judgement?.samples ?? 0 });
        judgement ??= new Judgement(part.step, this.#setup.classes ?? 0);
        judgement.add(part);
      } catch (error) {
        this.#judging = null;
        judging.reject(error);
        return false;
      }
      if (judgement.samples < this.#setup.samples) return true;
      this.#judging = null;
      this.#judgement = judgement;
      this.#onConfusion(judgement.confusion);
      judging.resolve(judgement);
      return false;
    });
  }

  /** Compiles the programs with the first look: who never looks pays nothing. */
  #open(): Promise<null> {
    this.#opened ??= this.#compute.request("openInspection", this.#setup);
    return this.#opened;
  }
}

function sourceOf(source: WatchedSource): InspectedSource {
  if ("sample" in source) return { sample: source.sample };
  // Copied: a Buffer may lie in memory that is shared with others of its kind.
  return { inputs: Uint8Array.from(Buffer.from(source.inputs, "base64")) };
}

function failure(request: number, code: WatchFailureCode, message: string): WatchMessage {
  return { type: "failed", request, code, message: message.slice(0, 500) };
}

function failureOf(request: number, error: unknown): WatchMessage {
  return failure(request, "FAILED", error instanceof Error ? error.message : String(error));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function numbersOf(values: Float32Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}

/** Probabilities with as many digits as people read; null where they could not be told. */
function chances(values: InspectedOutputs["probabilities"]): number[] | null {
  if (values?.every(Number.isFinite) !== true) return null;
  return Array.from(values, (value) => Math.round(value * 1e6) / 1e6);
}
