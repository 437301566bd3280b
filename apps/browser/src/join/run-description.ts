/** A field of the run's data. */
export interface DataField {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What a coordinator tells everybody about its run. */
export interface RunDescription {
  /** Id of the run. */
  readonly run: string;
  readonly name: string;
  /** Numbers that are learnt. */
  readonly parameters: number;
  readonly step: number;
  readonly workers: number;
  /** What one sample is made of; none when the coordinator does not say. */
  readonly fields: readonly DataField[];
  /** Bytes of all its data; null when the coordinator does not say. */
  readonly dataBytes: number | null;
}

/** The first run of a coordinator's answer; null when the answer is none. */
export function parseRuns(answer: unknown): RunDescription | null {
  const first: unknown = Array.isArray(answer) ? answer[0] : null;
  if (!isRecord(first)) return null;
  const { run, name, parameters, step, workers, data } = first;
  if (typeof run !== "string") return null;
  const { fields, bytes } = isRecord(data) ? data : {};
  return {
    run,
    name: typeof name === "string" ? name : run,
    parameters: countOf(parameters) ?? 0,
    step: countOf(step) ?? 0,
    workers: countOf(workers) ?? 0,
    fields: Array.isArray(fields) ? fields.filter(isField) : [],
    dataBytes: countOf(bytes),
  };
}

/** An object whose keys are not known. */
interface UnknownRecord {
  readonly run?: unknown;
  readonly name?: unknown;
  readonly parameters?: unknown;
  readonly step?: unknown;
  readonly workers?: unknown;
  readonly data?: unknown;
  readonly fields?: unknown;
  readonly bytes?: unknown;
  readonly dtype?: unknown;
  readonly shape?: unknown;
}

function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === "object" && value !== null;
}

function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function isField(value: unknown): value is DataField {
  if (!isRecord(value) || typeof value.name !== "string" || typeof value.dtype !== "string") return false;
  return Array.isArray(value.shape) && value.shape.every((length) => countOf(length) !== null);
}
