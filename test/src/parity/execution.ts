import { type Tensor, traceProgram } from "@tributary/autograd";
import type { Device, DeviceBuffer, Executable, TensorData } from "@tributary/kernels";
import type { TensorType } from "@tributary/program";
import type { Tensors } from "./row.ts";

/** Elements with the type that a program gives them. */
export interface Values {
  readonly type: TensorType;
  readonly data: ArrayLike<number>;
}

/** Programs name their edges more narrowly than fixtures name their tensors. */
function edgeName(index: number): string {
  return `edge${index}`;
}

function elementsOf({ type, data }: Values): TensorData {
  return type.dtype === "int32" ? Int32Array.from(data) : Float32Array.from(data);
}

/** A traced function on a device, bound to buffers of its own. */
export class Execution {
  readonly #device: Device;
  readonly #executable: Executable;
  readonly #buffers: ReadonlyMap<string, DeviceBuffer>;
  readonly #inputs: readonly string[];
  readonly #outputs: readonly string[];

  private constructor(
    device: Device,
    executable: Executable,
    buffers: ReadonlyMap<string, DeviceBuffer>,
    names: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
  ) {
    this.#device = device;
    this.#executable = executable;
    this.#buffers = buffers;
    this.#inputs = names.inputs;
    this.#outputs = names.outputs;
  }

  /** Traces and compiles `body` for inputs of the values' types, and writes the values. */
  static async start(
    device: Device,
    inputs: ReadonlyMap<string, Values>,
    body: (inputs: Tensors) => Tensors,
  ): Promise<Execution> {
    const names = [...inputs.keys()];
    let outputs: string[] = [];
    const program = traceProgram(
      {
        name: "parity",
        inputs: Object.fromEntries(names.map((name, i) => [edgeName(i), inputs.get(name)?.type ?? NO_TYPE])),
      },
      (edges) => {
        const results = body(Object.fromEntries(names.map((name, i) => [name, edges[edgeName(i)]])));
        outputs = Object.keys(results);
        return Object.fromEntries(
          outputs.map((name, i): [string, Tensor] => [`result${i}`, results[name].to("float32")]),
        );
      },
    );
    const executable = await device.compile(program);
    const buffers = new Map<string, DeviceBuffer>();
    for (const [i, name] of names.entries()) {
      const values = inputs.get(name);
      if (values === undefined) continue;
      const data = elementsOf(values);
      const buffer = device.allocate(values.type.dtype, data.length);
      buffers.set(edgeName(i), buffer);
      await device.write(buffer, data);
    }
    program.outputs.forEach(({ name, dtype, shape }) => {
      buffers.set(
        name,
        device.allocate(
          dtype,
          shape.reduce((product, size) => product * size, 1),
        ),
      );
    });
    return new Execution(device, executable, buffers, { inputs: names, outputs });
  }

  /** Runs once. @returns every result by name */
  async run(): Promise<Map<string, TensorData>> {
    await this.#executable.run(Object.fromEntries(this.#buffers));
    const results = new Map<string, TensorData>();
    for (const [i, name] of this.#outputs.entries()) {
      const buffer = this.#buffers.get(`result${i}`);
      if (buffer !== undefined) results.set(name, await this.#device.read(buffer));
    }
    return results;
  }

  /** Writes an input anew. */
  async set(name: string, data: TensorData): Promise<void> {
    const buffer = this.#buffers.get(edgeName(this.#inputs.indexOf(name)));
    if (buffer === undefined) throw new Error(`There is no input ${name}: it is one of ${this.#inputs.join(", ")}`);
    await this.#device.write(buffer, data);
  }

  /** Gives everything back. */
  dispose(): void {
    this.#executable.dispose();
    for (const buffer of this.#buffers.values()) buffer.dispose();
  }
}

const NO_TYPE: TensorType = { dtype: "float32", shape: [] };
