import { ModuleBuilder } from "./assembler.ts";
import type { Features } from "./context.ts";
import { type Geometry, NARROW_GEOMETRY, WIDE_GEOMETRY } from "./contraction/geometry.ts";
import { probeTile } from "./contraction/probe.ts";
import { FUSE_VECTORS, RELAXED_SIMD, setEngineFlag } from "./engine-flags.ts";
import { probeFeatures, type WasmFeatures } from "./features.ts";

/** What this machine and its engine can do, and how kernels are best cut for them. */
export interface Machine {
  readonly engine: WasmFeatures;
  readonly features: Features;
  readonly geometry: Geometry;
}

let found: Promise<Machine> | undefined;

/** Looks at the machine once in the life of the process or page: some 30 milliseconds. */
export function probeMachine(): Promise<Machine> {
  found ??= examine();
  return found;
}

async function examine(): Promise<Machine> {
  if (!probeFeatures().relaxedSimd) setEngineFlag(RELAXED_SIMD, true);
  const engine = probeFeatures();
  if (!engine.simd) return { engine, features: { fma: false }, geometry: NARROW_GEOMETRY };
  const fma = engine.relaxedSimd && (await multiplyAddFuses());
  return { engine, features: { fma }, geometry: await chooseGeometry({ fma }, () => performance.now()) };
}

/** The faster of the geometries, as the machine is at this moment. */
async function chooseGeometry(features: Features, now: () => number): Promise<Geometry> {
  setEngineFlag(FUSE_VECTORS, true);
  let wide = await probeTile(features, WIDE_GEOMETRY.outer, now);
  if (!wide.exact) {
    // Fusing is an experiment of V8's: where it computes something else it is switched off again.
    setEngineFlag(FUSE_VECTORS, false);
    wide = await probeTile(features, WIDE_GEOMETRY.outer, now);
  }
  const narrow = await probeTile(features, NARROW_GEOMETRY.outer, now);
  if (wide.rate > narrow.rate) return WIDE_GEOMETRY;
  // Other work may have had the core: what is usually the faster one gets a second try.
  const again = await probeTile(features, WIDE_GEOMETRY.outer, now);
  return again.rate > narrow.rate ? WIDE_GEOMETRY : NARROW_GEOMETRY;
}

/** Whether f32x4.relaxed_madd rounds once here; the specification lets an engine round twice. */
async function multiplyAddFuses(): Promise<boolean> {
  const module = new ModuleBuilder();
  const code = module.function([], ["f32"], "probe");
  const factor = 1 + 2 ** -12;
  // (1 + 2^-12)^2 - 1 = 2^-11 + 2^-24, whose last bit is lost if the product is rounded first.
  code.f32x4(factor).f32x4(factor).f32x4(-1).op("f32x4.relaxed_madd").lane("f32x4.extract_lane", 0);
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(module.finish()));
  const { probe } = instance.exports;
  return typeof probe === "function" && probe() === 2 ** -11 + 2 ** -24;
}
