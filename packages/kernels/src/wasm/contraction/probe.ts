import { ModuleBuilder } from "../assembler.ts";
import type { Features, KernelContext } from "../context.ts";
import { K_BLOCK, type Tile } from "./geometry.ts";
import { outerMicroKernel } from "./outer-micro-kernel.ts";

/** What running one micro-kernel for a moment has shown. */
export interface TileProbe {
  /** Multiply-adds in a millisecond, at best. */
  readonly rate: number;
  /** Whether the sums were what they must be. */
  readonly exact: boolean;
}

/** Milliseconds for which a kernel is run at most: an engine compiles it well only after it has run for some. */
const PROBE_MS = 12;
/** Milliseconds of one measurement. */
const ROUND_MS = 0.5;

const A_ADDRESS = 1024;
const B_ADDRESS = 16 * 1024;
const C_ADDRESS = 48 * 1024;

/** Runs the outer-product kernel of one tile on small whole numbers, so that its sums are exact in any order. */
export async function probeTile(features: Features, tile: Tile, now: () => number): Promise<TileProbe> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const a = wholeNumbers(new Float32Array(memory.buffer, A_ADDRESS, tile.rows * K_BLOCK), 7);
  const b = wholeNumbers(new Float32Array(memory.buffer, B_ADDRESS, tile.columns * K_BLOCK), 11);
  const c = new Float32Array(memory.buffer, C_ADDRESS, tile.rows * tile.columns);
  const module = await WebAssembly.compile(probeModule(features, tile));
  const { exports } = await WebAssembly.instantiate(module, { host: { memory } });
  const run = exports.run;
  if (typeof run !== "function") throw new Error("The probe's module exports no function named run");
  const rate = bestRate((turns) => run(turns), now) * tile.rows * tile.columns * K_BLOCK;
  const exact = c.every((sum, index) => {
    const [row, column] = [Math.floor(index / tile.columns), index % tile.columns];
    let expected = 0;
    for (let k = 0; k < K_BLOCK; k++) expected += a[row * K_BLOCK + k] * b[k * tile.columns + column];
    return sum === expected;
  });
  return { rate, exact };
}

function wholeNumbers(array: Float32Array, modulus: number): Float32Array {
  return array.map((_, index) => {
    array[index] = ((index * 5) % modulus) - Math.floor(modulus / 2);
    return array[index];
  });
}

/** run(turns): the kernel, so many times. */
function probeModule(features: Features, tile: Tile): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory({ module: "host", name: "memory", initialPages: 1 });
  const code = module.function(["i32"], [], "run");
  const context: Pick<KernelContext, "features" | "routine"> = {
    features,
    routine: (_, parameters, build) => {
      const routine = module.function(parameters, []);
      build(routine);
      return routine;
    },
  };
  const kernel = outerMicroKernel(context, {
    rows: tile.rows,
    vectors: tile.columns / 4,
    aRow: K_BLOCK * 4,
    aStep: 4,
    bStep: tile.columns * 4,
    cRow: tile.columns * 4,
  });
  code.loopTo(code.local("i32"), 0, code.parameters[0], 1, () => {
    code.i32(A_ADDRESS).i32(B_ADDRESS).i32(C_ADDRESS).i32(K_BLOCK).i32(0).call(kernel);
  });
  return module.finish();
}

/** Turns in a millisecond in the best of many short rounds. */
function bestRate(run: (turns: number) => void, now: () => number): number {
  const start = now();
  let turns = 1;
  let best = 0;
  for (let before = start; before - start < PROBE_MS; ) {
    run(turns);
    const after = now();
    const elapsed = after - before;
    if (elapsed >= ROUND_MS / 2) best = Math.max(best, turns / elapsed);
    if (elapsed < ROUND_MS) turns *= 2;
    before = after;
  }
  return best;
}
