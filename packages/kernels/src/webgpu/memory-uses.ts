import { WORD_BYTES } from "./arena.ts";
import type { Access, RegisterType } from "./kernel-code.ts";
import { type Home, type Memory, memoryVariable } from "./memory-layout.ts";
import type { MemoryWindow } from "./memory-windows.ts";

/** A buffer of a dispatch, at the binding after that of the buffer before it; binding 0 holds the bases. */
export interface DispatchBinding extends MemoryWindow {
  readonly writable: boolean;
}

interface MemoryUse {
  readonly memory: Memory;
  writable: boolean;
  /** Elements that share a word are written: by atomic operations. */
  atomic: boolean;
  readonly packings: Set<number>;
}

/** The buffers of one dispatch, as its code comes to use them. */
export class MemoryUses {
  readonly #uses = new Map<string, MemoryUse>();
  readonly #windows: ReadonlyMap<string, MemoryWindow>;

  /** @param windows what is bound of each memory, by its name */
  constructor(windows: ReadonlyMap<string, MemoryWindow>) {
    this.#windows = windows;
  }

  get bindings(): DispatchBinding[] {
    return [...this.#uses.values()].map(({ memory, writable }) => ({ ...this.#window(memory), writable }));
  }

  /** The element of a memory at which what is bound of it begins. */
  firstElement({ memory, packing }: Home): number {
    return (this.#window(memory).start / WORD_BYTES) * packing;
  }

  #window(memory: Memory): MemoryWindow {
    const name = memoryVariable(memory);
    const window = this.#windows.get(name);
    if (window === undefined) throw new Error(`Code uses ${name}, which its kernels do not`);
    return window;
  }

  /** In WGSL, in the order of the bindings. */
  get declarations(): string[] {
    return [...this.#uses.values()].map((use, index) => declaration(use, index + 1));
  }

  /** WGSL functions that the accesses call. */
  get routines(): string[] {
    return [...this.#uses.values()].flatMap(packedRoutines);
  }

  /** Elements of a memory from `from` on, an expression of type u32. */
  access({ memory, packing }: Home, type: RegisterType, from: string): Access {
    const name = memoryVariable(memory);
    const use = this.#uses.get(name) ?? { memory, writable: false, atomic: false, packings: new Set<number>() };
    this.#uses.set(name, use);
    use.packings.add(packing);
    if (packing === 1) {
      const cast = (text: string): string => (type === "u32" ? text : `bitcast<${type}>(${text})`);
      return {
        load: (index) => cast(`${name}[${from} + ${index}]`),
        store: (index, value) => {
          use.writable = true;
          return `${name}[${from} + ${index}] = ${type === "u32" ? value : `bitcast<u32>(${value})`};`;
        },
      };
    }
    return {
      load: (index) => `load_${name}(${from} + ${index})`,
      store: (index, value) => {
        use.writable = true;
        use.atomic = true;
        return `store_${name}(${from} + ${index}, ${value});`;
      },
    };
  }
}

function declaration({ memory, writable, atomic }: MemoryUse, binding: number): string {
  const access = writable ? "read_write" : "read";
  const name = memoryVariable(memory);
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${atomic ? "atomic<u32>" : "u32"}>;`;
}

/** Reading and writing elements that share words. Two invocations may write into one word: each changes its own bits only. */
function packedRoutines({ memory, atomic, packings }: MemoryUse): string[] {
  const [packing] = [...packings].filter((size) => size > 1);
  if (packing === undefined) return [];
  const name = memoryVariable(memory);
  const shift = packing === 4 ? 2 : 1;
  const mask = packing === 4 ? "0xffu" : "0xffffu";
  const word = atomic ? `atomicLoad(&${name}[at >> ${shift}u])` : `${name}[at >> ${shift}u]`;
  const bit = `(at & ${packing - 1}u) * ${32 / packing}u`;
  const load = `fn load_${name}(at: u32) -> u32 { return (${word} >> (${bit})) & ${mask}; }`;
  if (!atomic) return [load];
  const place = `&${name}[at >> ${shift}u]`;
  const store =
    `fn store_${name}(at: u32, value: u32) { let bit = ${bit}; ` +
    `atomicAnd(${place}, ~(${mask} << bit)); atomicOr(${place}, (value & ${mask}) << bit); }`;
  return [load, store];
}
