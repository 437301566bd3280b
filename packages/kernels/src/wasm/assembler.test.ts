import { describe, expect, it } from "vitest";
import { ModuleBuilder } from "./assembler.ts";
import type { FunctionBuilder, Local } from "./assembler-function.ts";
import { INSTRUCTIONS } from "./assembler-instructions.ts";
import { MEMORY_INSTRUCTIONS, MEMORY_LANE_INSTRUCTIONS } from "./assembler-memory-instructions.ts";
import { typesOf, type ValueType } from "./assembler-stack.ts";
import { LANE_INSTRUCTIONS } from "./assembler-vector-instructions.ts";
import { probeFeatures } from "./features.ts";

type Exported = (...values: (number | bigint)[]) => number | bigint;

/** Assembles one exported function over one page of memory. */
function assemble(
  parameters: readonly ValueType[],
  results: readonly ValueType[],
  body: (code: FunctionBuilder, ...locals: Local[]) => void,
): { run: Exported; memory: DataView } {
  const module = new ModuleBuilder();
  module.importMemory({ module: "host", name: "memory", initialPages: 1 });
  const code = module.function(parameters, results, "run");
  body(code, ...code.parameters);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { host: { memory } });
  return { run: instance.exports.run as Exported, memory: new DataView(memory.buffer) };
}

function zero(code: FunctionBuilder, type: ValueType): void {
  if (type === "i32") code.i32(0);
  else if (type === "i64") code.i64(0n);
  else if (type === "f32") code.f32(0);
  else if (type === "f64") code.f64(0);
  else code.f32x4(0);
}

/** Whether the engine agrees with our table on the operands and results of one instruction. */
function agrees(signature: string, emit: (code: FunctionBuilder) => void): boolean {
  const [operands = "", results = ""] = signature.split(">");
  const module = new ModuleBuilder();
  module.importMemory({ module: "m", name: "m", initialPages: 1, maximumPages: 1 });
  const code = module.function([], typesOf(results));
  for (const type of typesOf(operands)) zero(code, type);
  emit(code);
  return WebAssembly.validate(module.finish());
}

describe("assembler", () => {
  it("writes integers in LEB128 at every length", () => {
    for (const value of [0, 1, -1, 63, 64, -64, -65, 8191, 8192, -8193, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(assemble([], ["i32"], (code) => code.i32(value)).run()).toBe(value);
    }
    for (const value of [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 123456789012345n]) {
      expect(assemble([], ["i64"], (code) => code.i64(value)).run()).toBe(value);
    }
  });

  it("writes floats bit for bit", () => {
    expect(assemble([], ["f32"], (code) => code.f32(0.1)).run()).toBe(Math.fround(0.1));
    expect(assemble([], ["f64"], (code) => code.f64(0.1)).run()).toBe(0.1);
  });

  it("counts loops up to a known end and up to a local", () => {
    const sum = (known: boolean) =>
      assemble(["i32"], ["i32"], (code, end) => {
        const [index, total] = [code.local("i32"), code.local("i32")];
        code.loopTo(index, 0, known ? 5 : end, 1, () => code.get(total).get(index).op("i32.add").set(total));
        code.get(total);
      }).run;
    expect(sum(true)(0)).toBe(10);
    expect(sum(false)(4)).toBe(6);
    expect(sum(false)(0)).toBe(0);
  });

  it("chooses between the arms of an if, and leaves blocks by branches", () => {
    const { run } = assemble(["i32"], ["i32"], (code, x) => {
      code.get(x).if(
        () => code.block((label) => code.get(x).i32(3).op("i32.gt_s").brIf(label).i32(1).return()).i32(2),
        () => code.i32(0),
        "i32",
      );
    });
    expect([run(0), run(3), run(4)]).toEqual([0, 1, 2]);
  });

  it("multiplies and adds vectors in memory", () => {
    const { run, memory } = assemble([], [], (code) => {
      code.i32(32).i32(0).memory("v128.load").i32(0).memory("v128.load", 16).op("f32x4.mul").memory("v128.store");
    });
    for (let lane = 0; lane < 4; lane++) {
      memory.setFloat32(lane * 4, lane + 1, true);
      memory.setFloat32(16 + lane * 4, 10, true);
    }
    run();
    expect([32, 36, 40, 44].map((address) => memory.getFloat32(address, true))).toEqual([10, 20, 30, 40]);
  });

  it("shuffles lanes of two vectors", () => {
    const { run } = assemble([], ["i32"], (code) => {
      code.i32x4(1, 2, 3, 4).i32x4(5, 6, 7, 8).shuffle32(7, 0, 5, 2).lane("i32x4.extract_lane", 2);
    });
    expect(run()).toBe(6);
  });

  it("copies and fills memory, places data and keeps globals", () => {
    const module = new ModuleBuilder();
    module.importMemory({ module: "host", name: "memory", initialPages: 1 });
    module.data(8, Uint8Array.of(1, 2, 3, 4));
    const turns = module.global("i32", 41, { mutable: true });
    const increment = module.function([], []);
    increment.globalGet(turns).i32(1).op("i32.add").globalSet(turns);
    const code = module.function([], ["i32"], "run");
    code.call(increment).i32(64).i32(8).i32(4).memoryCopy().i32(68).i32(7).i32(2).memoryFill().globalGet(turns);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), { host: { memory } });
    expect((exports.run as Exported)()).toBe(42);
    expect([...new Uint8Array(memory.buffer, 64, 7)]).toEqual([1, 2, 3, 4, 7, 7, 0]);
  });

  it("names the instruction whose operand has the wrong type", () => {
    expect(() => assemble([], [], (code) => code.f32(1).i32(1).op("f32.add"))).toThrow(/f32\.add needs f32, but i32/);
    expect(() => assemble([], [], (code) => code.op("i32.add"))).toThrow(/i32\.add needs i32, but the stack is empty/);
    expect(() => assemble([], [], (code) => code.i32(1))).toThrow(/extra operands/);
  });

  it("agrees with the engine on every instruction's operands and results", () => {
    const wrong: string[] = [];
    const check = (name: string, signature: string, emit: (code: FunctionBuilder) => void): void => {
      if (name.includes("relaxed") && !probeFeatures().relaxedSimd) return;
      if (!agrees(signature, emit)) wrong.push(name);
    };
    const keys = <Table extends object>(table: Table) => Object.keys(table) as (keyof Table & string)[];
    for (const name of keys(INSTRUCTIONS)) check(name, INSTRUCTIONS[name].signature, (code) => code.op(name));
    for (const name of keys(LANE_INSTRUCTIONS)) {
      check(name, LANE_INSTRUCTIONS[name].signature, (code) => code.lane(name, 1));
    }
    for (const name of keys(MEMORY_INSTRUCTIONS)) {
      check(name, MEMORY_INSTRUCTIONS[name].signature, (code) => code.memory(name, 16));
    }
    for (const name of keys(MEMORY_LANE_INSTRUCTIONS)) {
      check(name, MEMORY_LANE_INSTRUCTIONS[name].signature, (code) => code.memoryLane(name, 1, 16));
    }
    expect(wrong).toEqual([]);
  });
});
