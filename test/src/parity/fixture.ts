import { decodeSafetensors, type SafetensorsEntry } from "@tributary/training";

/** How far a result may be from PyTorch's; docs/parity.md says what each means. */
export type Allowance = "elementwise" | "contraction" | "composed" | "norm";

/** A tensor as PyTorch wrote it: float64 or int32. */
export interface FixtureTensor {
  readonly dtype: "float32" | "int32";
  readonly shape: readonly number[];
  readonly data: Float64Array | Int32Array;
}

/** One row: a layer, loss, optimizer or schedule with PyTorch's numbers. */
export interface Fixture {
  readonly family: string;
  readonly name: string;
  /** What PyTorch was asked for, for people. */
  readonly pytorch: string;
  readonly allowance: Allowance;
  /** Whether layers behaved as in training. */
  readonly training: boolean;
  /** By "kind/name": kinds are parameter, buffer, input, cotangent, output, gradient, magnitude and after. */
  readonly tensors: ReadonlyMap<string, FixtureTensor>;
}

/** What fixtures/index.json says. */
export interface FixtureIndex {
  readonly torch: string;
  readonly scripts: string;
  readonly families: Readonly<Record<string, readonly Omit<Fixture, "family" | "tensors">[]>>;
}

function tensorOf(name: string, { dtype, shape, bytes }: SafetensorsEntry): FixtureTensor {
  // A copy is aligned, and Node's Buffer gives a view where others give a copy.
  const { buffer } = new Uint8Array(bytes);
  switch (dtype) {
    case "F64":
      return { dtype: "float32", shape, data: new Float64Array(buffer) };
    case "F32":
      return { dtype: "float32", shape, data: Float64Array.from(new Float32Array(buffer)) };
    case "BF16": {
      // bfloat16 is the upper half of a float32.
      const floats = new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits * 2 ** 16).buffer);
      return { dtype: "float32", shape, data: Float64Array.from(floats) };
    }
    case "I32":
      return { dtype: "int32", shape, data: new Int32Array(buffer) };
    default:
      throw new Error(`${name} is ${dtype}, which no fixture holds: run make_fixtures.py again`);
  }
}

/** The rows of one family, in the order in which the scripts name them. @param bytes its safetensors file */
export function fixturesOf(index: FixtureIndex, family: string, bytes: Uint8Array): Fixture[] {
  const rows = index.families[family] ?? [];
  const byRow = new Map<string, Map<string, FixtureTensor>>(rows.map(({ name }) => [name, new Map()]));
  for (const [path, entry] of decodeSafetensors(bytes).tensors) {
    const end = path.indexOf("/");
    byRow.get(path.slice(0, end))?.set(path.slice(end + 1), tensorOf(path, entry));
  }
  return rows.map((row) => ({ ...row, family, tensors: byRow.get(row.name) ?? new Map() }));
}

/** The tensors of one kind, by their names without it. */
export function ofKind(fixture: Fixture, kind: string): Map<string, FixtureTensor> {
  const prefix = `${kind}/`;
  return new Map(
    [...fixture.tensors].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
    ),
  );
}
