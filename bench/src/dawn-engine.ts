// Tributary on the webgpu device in Node, over Dawn: the process of an engine (serve-engine.ts). Only a real GPU will do.
import { traceProgram } from "@tributary/autograd";
import { type Device, open } from "@tributary/kernels";
import { prepareLocalStep } from "./local-step.ts";
import { productSize } from "./products.ts";
import { normals, seededRandom } from "./random-data.ts";
import { type PreparedWork, serveEngine } from "./serve-engine.ts";

const SEED = 1;

/** One product of two matrices that stay on the device. */
async function prepareProduct(size: number, device: Device): Promise<PreparedWork> {
  const form = { dtype: "float32", shape: [size, size] } as const;
  const program = traceProgram({ name: "product", inputs: { a: form, b: form } }, ({ a, b }) => ({ c: a.matmul(b) }));
  const executable = await device.compile(program);
  const random = seededRandom(SEED);
  const bindings = Object.fromEntries(["a", "b", "c"].map((name) => [name, device.allocate("float32", size * size)]));
  await device.write(bindings.a, normals(size * size, random));
  await device.write(bindings.b, normals(size * size, random));
  const firstOf = async () => Number((await device.read(bindings.c, 0, 1))[0]);
  return {
    parameters: 0,
    threads: 1,
    step: () => executable.run(bindings),
    finish: async () => void (await firstOf()),
    loss: firstOf,
  };
}

await serveEngine(async (name) => {
  const device = await open("webgpu");
  const size = productSize(name);
  if (size !== null) return await prepareProduct(size, device);
  const work = await prepareLocalStep(name, device);
  // Reading waits for everything that was asked for before.
  return { ...work, threads: 1, finish: async () => void (await work.loss()) };
});
