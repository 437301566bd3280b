import { Buffer } from "node:buffer";
import type {
  WatchActivationsRequest,
  WatchedSource,
  WatchFailureCode,
  WatchFollowRequest,
  WatchPredictRequest,
  WatchSampleRequest,
  WatchSamplesRequest,
} from "@tributary/protocol";
import type { InspectionSetup } from "../compute/compute-message.ts";
import { inputBytesOf } from "./watched-run.ts";

/** A wish to look inside the model. */
export type ViewRequest =
  | WatchPredictRequest
  | WatchActivationsRequest
  | WatchFollowRequest
  | WatchSamplesRequest
  | WatchSampleRequest;

/** Why a wish is not served. */
export interface ViewRefusal {
  readonly code: WatchFailureCode;
  /** For people. */
  readonly message: string;
}

/** Why a wish cannot be served with what a run has; null when it can. */
export function viewRefusal(request: ViewRequest, setup: InspectionSetup): ViewRefusal | null {
  if (request.type === "samples") {
    const { classes } = setup;
    if (classes === null || setup.samples === 0)
      return refusal("NOT_OFFERED", "The model is no classifier with test data");
    const outside = Math.max(request.label, request.predicted) >= classes;
    return outside ? refusal("BAD_INPUT", `Classes are 0 to ${classes - 1}`) : null;
  }
  if (request.type === "sample") return sourceRefusal({ sample: request.index }, setup);
  if (request.type === "predict") return sourceRefusal(request, setup);
  return request.source === null ? null : sourceRefusal(request.source, setup);
}

function sourceRefusal(source: WatchedSource, { samples, fields }: InspectionSetup): ViewRefusal | null {
  if ("sample" in source) {
    if (samples === 0) return refusal("NOT_OFFERED", "The run has no test data");
    return source.sample < samples ? null : refusal("BAD_INPUT", `Test samples 0 to ${samples - 1} can be looked at`);
  }
  const [bytes, expected] = [Buffer.byteLength(source.inputs, "base64"), inputBytesOf(fields)];
  return bytes === expected
    ? null
    : refusal("BAD_INPUT", `A sample's inputs have ${expected} bytes, but ${bytes} came`);
}

function refusal(code: WatchFailureCode, message: string): ViewRefusal {
  return { code, message };
}
