import type { Device, DeviceBuffer, Executable } from "@tributary/kernels";
import { createProgram, GraphBuilder, type Program, type ValueId } from "@tributary/program";
import { contributionByteLength, FLOAT16_BLOCK_ELEMENTS, float16Codec } from "@tributary/protocol";
import type { RunSetup } from "./computation.ts";
import type { DeviceScope } from "./device-scope.ts";

/** Biased exponents of finite float32 numbers: 0 (zero and subnormal numbers) ... 254. */
const EXPONENTS = 255;
const EXPONENT_BIAS = 127;
/** Place in the tables for a block without a finite number but zero: its scale is 1. */
const NOTHING = EXPONENTS;
const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;
/** As the codec float16 has them (packages/protocol): a block's largest magnitude comes to [2^14, 2^15). */
const LARGEST_EXPONENT = 14;
const SCALE_EXPONENT_MIN = -126;
const SCALE_EXPONENT_MAX = 113;
/** The float16 below 2^15: with the largest scale, whatever is rounded up to 2^15 would decode to infinity. */
const LIMIT_OF_LARGEST_SCALE = 2 ** 15 - 2 ** 4;

/** What a lease sends. */
export interface PackedSums {
  /** Coded gradient, then the statistics. */
  readonly bytes: Uint8Array;
  /** The sums behind the statistics. */
  readonly others: Float32Array;
}

/**
 * Codes the gradient as float16 where it was computed, so that half as many bytes come from the device. The bytes are
 * those of the codec (magnitudes below 2^-126 aside, which GPUs take for zero).
 */
export class GradientPacker {
  readonly #device: Device;
  readonly #setup: Pick<RunSetup, "layout">;
  readonly #executable: Executable;
  readonly #sums: DeviceBuffer;
  readonly #outputs: readonly DeviceBuffer[];

  private constructor(
    device: Device,
    setup: Pick<RunSetup, "layout">,
    executable: Executable,
    sums: DeviceBuffer,
    outputs: readonly DeviceBuffer[],
  ) {
    this.#device = device;
    this.#setup = setup;
    this.#executable = executable;
    this.#sums = sums;
    this.#outputs = outputs;
  }

  /** @param sums the gradient, then statistics, then the other sums; borrowed for as long as the packer lives; what is made is the scope's */
  static async create(
    scope: DeviceScope,
    setup: Pick<RunSetup, "layout">,
    sums: DeviceBuffer,
  ): Promise<GradientPacker> {
    const program = packProgram(setup.layout.trainableLength, sums.length);
    const executable = await scope.compile(program);
    const outputs = program.outputs.map(({ dtype, shape }) => scope.allocate(dtype, shape[0] ?? 0));
    return new GradientPacker(scope.device, setup, executable, sums, outputs);
  }

  /** Codes the sums as they are now. @param into exactly as many bytes as a contribution has; without it, they are made */
  async pack(into?: Uint8Array): Promise<PackedSums> {
    const { layout } = this.#setup;
    const [scales, halves, others] = this.#outputs;
    if (scales === undefined || halves === undefined || others === undefined) throw new Error("Outputs are missing");
    await this.#executable.run({ sums: this.#sums, scales, halves, others });
    const [scaleValues, halfValues, otherValues] = await this.#device.readAll([scales, halves, others]);
    const bytes = into ?? new Uint8Array(contributionByteLength(float16Codec, layout));
    const table = float16Codec.encodedByteLength(layout.trainableLength) - 2 * layout.trainableLength;
    const rest = Float32Array.from(otherValues ?? []);
    bytes.fill(0, 0, table);
    bytes.set(viewOf(scaleValues), 0);
    bytes.set(viewOf(halfValues), table);
    bytes.set(viewOf(rest.subarray(0, layout.statisticsLength)), table + 2 * layout.trainableLength);
    return { bytes, others: rest.slice(layout.statisticsLength) };
  }
}

/** Everywhere that this runs, numbers lie with their low byte first, as the codec has them. */
function viewOf(values: ArrayBufferView | undefined): Uint8Array {
  return values === undefined ? new Uint8Array(0) : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** sums [sumsLength] -> scales [blocks], halves [gradientLength], others [sumsLength - gradientLength]. */
function packProgram(gradientLength: number, sumsLength: number): Program {
  const builder = new GraphBuilder();
  const sums = builder.input({ dtype: "float32", shape: [sumsLength] });
  const part = (from: number, to: number) => builder.add("slice", { starts: [from], ends: [to], strides: [1] }, [sums]);
  const { scales, halves } = coded(builder, part(0, gradientLength), gradientLength);
  return createProgram({
    name: "pack",
    graph: builder.build([scales, halves, part(gradientLength, sumsLength)]),
    inputs: ["sums"],
    outputs: ["scales", "halves", "others"].map((name) => ({ name, replaces: null })),
  });
}

function coded(builder: GraphBuilder, gradient: ValueId, length: number) {
  const blocks = Math.ceil(length / FLOAT16_BLOCK_ELEMENTS);
  const size = Math.min(length, FLOAT16_BLOCK_ELEMENTS);
  const shape = [blocks, size];
  const padding = { low: [0], high: [blocks * size - length], interior: [0], value: 0 };
  const rows = builder.add("reshape", { shape }, [builder.add("pad", padding, [gradient])]);
  const filled = (value: number) => builder.add("constant", { dtype: "float32", shape, values: [value] }, []);
  const magnitudes = builder.add("abs", {}, [rows]);
  const isNumber = builder.add("compare", { comparator: "lessEqual" }, [magnitudes, filled(LARGEST_FLOAT)]);
  const finite = builder.add("where", {}, [isNumber, magnitudes, filled(0)]);
  const place = exponentPlaces(builder, builder.add("max", { axes: [1] }, [finite]), blocks);

  const look = (table: readonly number[]) => {
    const values = builder.add("constant", { dtype: "float32", shape: [table.length], values: [...table] }, []);
    return builder.add("take", {}, [values, place]);
  };
  const spread = (values: ValueId) =>
    builder.add("broadcast", { shape }, [builder.add("reshape", { shape: [blocks, 1] }, [values])]);
  const exponents = Array.from({ length: EXPONENTS + 1 }, (_, index) => scaleExponent(index));
  const scaled = builder.add("mul", {}, [rows, spread(look(exponents.map((exponent) => 2 ** -exponent)))]);
  const limit = spread(
    look(exponents.map((exponent) => (exponent === SCALE_EXPONENT_MAX ? LIMIT_OF_LARGEST_SCALE : 2 ** 15))),
  );
  const above = builder.add("maximum", {}, [scaled, builder.add("neg", {}, [limit])]);
  const bounded = builder.add("where", {}, [isNumber, builder.add("minimum", {}, [above, limit]), rows]);
  const halves = builder.add("cast", { dtype: "float16" }, [bounded]);
  const flat = builder.add("reshape", { shape: [blocks * size] }, [halves]);
  return {
    scales: look(exponents.map((exponent) => 2 ** exponent)),
    halves: builder.add("slice", { starts: [0], ends: [length], strides: [1] }, [flat]),
  };
}

/** The biased exponent of each block's largest magnitude: how many powers of two it reaches. No logarithm is exact enough. */
function exponentPlaces(builder: GraphBuilder, largest: ValueId, blocks: number): ValueId {
  const shape = [blocks, EXPONENTS - 1];
  const powers = Array.from({ length: EXPONENTS - 1 }, (_, index) => 2 ** (index + 1 - EXPONENT_BIAS));
  const row = builder.add("constant", { dtype: "float32", shape: [1, powers.length], values: powers }, []);
  const ladder = builder.add("broadcast", { shape }, [row]);
  const column = builder.add("reshape", { shape: [blocks, 1] }, [largest]);
  const value = builder.add("broadcast", { shape }, [column]);
  const reached = builder.add("compare", { comparator: "greaterEqual" }, [value, ladder]);
  const exponent = builder.add("sum", { axes: [1] }, [builder.add("cast", { dtype: "int32" }, [reached])]);
  const zero = builder.add("constant", { dtype: "float32", shape: [blocks], values: [0] }, []);
  const nothing = builder.add("constant", { dtype: "int32", shape: [blocks], values: [NOTHING] }, []);
  const isZero = builder.add("compare", { comparator: "equal" }, [largest, zero]);
  return builder.add("where", {}, [isZero, nothing, exponent]);
}

function scaleExponent(place: number): number {
  if (place === NOTHING) return 0;
  return Math.min(SCALE_EXPONENT_MAX, Math.max(SCALE_EXPONENT_MIN, place - EXPONENT_BIAS - LARGEST_EXPONENT));
}
