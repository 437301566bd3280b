import { expect, it } from "vitest";
import type { DeviceComputation } from "./computation.ts";
import { helloOf } from "./hello.ts";

it("a hello tells what is computed on when it is said: a GPU with its name and one thread, later the processor with its threads", () => {
  const device: Record<string, unknown> = { backend: "webgpu", adapter: "Some GPU\n", arithmeticClass: "webgpu-x" };
  const hello = helloOf(device as unknown as DeviceComputation, {
    name: "laptop",
    kind: "node",
    processor: "Some CPU",
    threads: () => 4,
    run: () => null,
  });
  expect({ ...hello }).toMatchObject({ backend: "webgpu", adapter: "Some GPU", threads: 1, run: null });
  Object.assign(device, { backend: "wasm", adapter: null, arithmeticClass: "wasm-simd-t4" });
  expect({ ...hello }).toMatchObject({
    backend: "wasm",
    adapter: "Some CPU",
    arithmeticClass: "wasm-simd-t4",
    threads: 4,
  });
});

it("a processor without a name has no adapter, and the run is the one of the moment", () => {
  const device = { backend: "wasm", adapter: null, arithmeticClass: "wasm-simd" } as unknown as DeviceComputation;
  let run: string | null = null;
  const hello = helloOf(device, { name: "tab", kind: "tab", processor: null, threads: () => 2, run: () => run });
  expect(hello.adapter).toBeNull();
  run = "r1";
  expect(hello.run).toBe("r1");
});
