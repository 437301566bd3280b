import { literal } from "./kernel-code.ts";

/** A kernel of a dispatch as it was written. */
export interface WrittenKernel {
  readonly workgroups: number;
  /** Of all its workgroups, in elements of elementwise work. */
  readonly work: number;
  /** Of its function, whose parameters are the number of a workgroup, that of an invocation, and the vector at which its bases begin. */
  readonly name: string;
  /** Where its accesses begin; whole vectors of four. */
  readonly bases: readonly number[];
}

/** The part of a dispatch's code that calls its kernels. */
export interface KernelCalls {
  /** Statements that read `number`, that of the workgroup, and `lid`. */
  readonly text: string;
  readonly workgroups: number;
  /** The bases of all kernels. */
  readonly bases: readonly number[];
  /** The kernels in the order of their workgroups. */
  readonly inOrder: readonly WrittenKernel[];
}

/**
 * Calls each function of kernels in one place, however many kernels share it: drivers write functions out where they are called, and a network of many equal
 * layers would be one shader that grows with every layer.
 * @param header what stands before the bases
 */
export function callKernels(kernels: readonly WrittenKernel[], header: readonly number[]): KernelCalls {
  const alike = new Map<string, WrittenKernel[]>();
  for (const kernel of kernels) {
    if (kernel.workgroups === 0) continue;
    // Functions need not know how many workgroups they are called for: rows of a scatter are not counted in its text.
    const key = `${kernel.name} for ${kernel.workgroups}`;
    const others = alike.get(key);
    if (others === undefined) alike.set(key, [kernel]);
    else others.push(kernel);
  }
  const bases = [...header];
  const branches: string[] = [];
  let workgroups = 0;
  for (const group of alike.values()) {
    const [{ name, workgroups: each, bases: own }] = group;
    const first = literal(bases.length / 4);
    const start = literal(workgroups);
    workgroups += each * group.length;
    const [wg, slots] =
      group.length === 1
        ? ["own", first]
        : [`own % ${literal(each)}`, `${first} + own / ${literal(each)} * ${literal(own.length / 4)}`];
    const call = `let own = number - ${start};\n${name}(${wg}, lid, ${slots});`;
    branches.push(`if (number < ${literal(workgroups)}) {\n${call}\n}`);
    for (const kernel of group) bases.push(...kernel.bases);
  }
  return { text: branches.join(" else "), workgroups, bases, inOrder: [...alike.values()].flat() };
}
