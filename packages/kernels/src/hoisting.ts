import { elementCount } from "@tributary/program";
import type { Body, ContractKernel, Kernel, StorageId, View, Window } from "./ir.ts";
import { type Access, kernelReads, kernelWrites } from "./kernel-access.ts";
import type { Storages } from "./storages.ts";
import { denseWindow } from "./window.ts";

/** What moves with the turns of a scan: its own time, and its carries. */
export interface LoopNames {
  readonly loop: number;
  readonly carries: ReadonlySet<number>;
}

/** A scan's body cut in two. */
export interface HoistedBody {
  /** Runs once, before the first turn. */
  readonly before: readonly Kernel[];
  /** Runs every turn. */
  readonly inside: readonly Kernel[];
}

/**
 * How the right sides of products lie that no turn changes. "panels": some columns beside one another for each row, as vectors of a CPU read them. "rows": row after row, as
 * neighbouring invocations of a GPU read neighbouring columns.
 */
export type OperandLayout = "panels" | "rows";

/** Columns of a panel: a line of the cache, and no less than any tile of a product has. */
const PANEL_COLUMNS = 16;

/** Below so many turns panels do not pay. */
const PANELS_TURNS_MIN = 4;

/** Operands with fewer elements than this stay in the first cache however they lie. */
const PANELS_ELEMENTS_MIN = 2048;

/**
 * Takes out of a scan's body what is the same in every turn: whole kernels, and the packing of the matrices that products multiply with:
 * they are laid out once, so that no turn need do it.
 */
export function hoist(
  storages: Storages,
  kernels: readonly Kernel[],
  names: LoopNames,
  { length, operands }: { readonly length: number; readonly operands: OperandLayout },
): HoistedBody {
  const varying = varyingStorages(storages, kernels, names);
  const isVarying = (kernel: Kernel): boolean => kernelWrites(kernel).some((write) => varying(write));
  const before = kernels.filter((kernel) => !isVarying(kernel));
  const rest = kernels.filter(isVarying);
  if (length < PANELS_TURNS_MIN) return { before, inside: rest };
  const panels = operands === "panels" ? new Panels(storages) : new Rows(storages);
  const inside = rest.map((kernel) => {
    if (kernel.kind !== "contract" || kernel.contraction.operation !== "matmul") return kernel;
    const { b } = kernel;
    return varying({ storage: b.storage, shape: b.shape, window: b }) ? kernel : panels.cut(kernel);
  });
  return { before: [...before, ...panels.kernels], inside };
}

/** Whether what is in a storage may be different in another turn. */
function varyingStorages(
  storages: Storages,
  kernels: readonly Kernel[],
  { loop, carries }: LoopNames,
): (access: Access) => boolean {
  const written = new Set<StorageId>();
  const varies = ({ storage }: Access): boolean => {
    const { place } = storages.get(storage);
    if (place.kind === "carry") return carries.has(place.carry);
    if (place.kind === "turn" && place.loop === loop) return true;
    return written.has(storages.root(storage));
  };
  // A storage is written in parts at times: one part that varies makes all of it vary.
  for (let known = -1; known !== written.size; ) {
    known = written.size;
    for (const kernel of kernels) {
      const writes = kernelWrites(kernel);
      if (![...kernelReads(kernel), ...writes].some(varies)) continue;
      for (const write of writes) written.add(storages.root(write.storage));
    }
  }
  return varies;
}

/** Right sides of products cut into panels of neighbouring columns, each copied once. */
class Panels {
  readonly kernels: Kernel[] = [];
  readonly #storages: Storages;
  readonly #known = new Map<string, StorageId>();

  constructor(storages: Storages) {
    this.#storages = storages;
  }

  /** The product as a batch of products, one a panel; left as it is where the columns do not fill panels. */
  cut(kernel: ContractKernel): ContractKernel {
    const { a, b, epilogue } = kernel;
    const [depth, columns] = b.shape;
    const fits = b.shape.length === 2 && columns % PANEL_COLUMNS === 0 && depth * columns >= PANELS_ELEMENTS_MIN;
    if (!fits) return kernel;
    const key = [b.storage, b.offset, ...b.shape, ...b.strides].join();
    const storage = this.#known.get(key) ?? this.#copy(b);
    this.#known.set(key, storage);
    const count = columns / PANEL_COLUMNS;
    return {
      ...kernel,
      a: { ...a, shape: [count, ...a.shape], strides: [0, ...a.strides] },
      b: { storage, shape: [count, depth, PANEL_COLUMNS], ...denseWindow([count, depth, PANEL_COLUMNS]) },
      epilogue: cutBody(epilogue),
    };
  }

  #copy(b: View): StorageId {
    const [depth, columns] = b.shape;
    const [step, column] = b.strides;
    const storage = this.#storages.add("float32", depth * columns);
    const shape = [columns / PANEL_COLUMNS, depth, PANEL_COLUMNS];
    const window = { offset: b.offset, strides: [column * PANEL_COLUMNS, step, column] };
    const body: Body = {
      shape,
      steps: [{ kind: "load", dtype: "float32", storage: b.storage, window }],
      stores: [{ step: 0, storage, window: denseWindow(shape) }],
    };
    this.kernels.push({ kind: "map", body });
    return storage;
  }
}

/** Right sides of products whose neighbouring columns do not lie side by side, each copied once so that they do. */
class Rows {
  readonly kernels: Kernel[] = [];
  readonly #storages: Storages;
  readonly #known = new Map<string, StorageId>();

  constructor(storages: Storages) {
    this.#storages = storages;
  }

  /** The product with its right side row after row. */
  cut(kernel: ContractKernel): ContractKernel {
    const { b } = kernel;
    const axis = b.shape.length - 1;
    if (b.shape[axis] === 1 || b.strides[axis] === 1) return kernel;
    const key = [b.storage, b.offset, ...b.shape, ...b.strides].join();
    const storage = this.#known.get(key) ?? this.#copy(b);
    this.#known.set(key, storage);
    return { ...kernel, b: { storage, shape: b.shape, ...denseWindow(b.shape) } };
  }

  #copy({ storage: from, shape, offset, strides }: View): StorageId {
    const storage = this.#storages.add("float32", elementCount(shape));
    const body: Body = {
      shape,
      steps: [{ kind: "load", dtype: "float32", storage: from, window: { offset, strides } }],
      stores: [{ step: 0, storage, window: denseWindow(shape) }],
    };
    this.kernels.push({ kind: "map", body });
    return storage;
  }
}

/** A body over [rows, columns] as one over [panels, rows, columns of a panel]. */
function cutBody(body: Body): Body {
  const [rows, columns] = body.shape;
  const cut = ({ offset, strides: [row, column] }: Window): Window => ({
    offset,
    strides: [column * PANEL_COLUMNS, row, column],
  });
  return {
    shape: [columns / PANEL_COLUMNS, rows, PANEL_COLUMNS],
    steps: body.steps.map((step) =>
      step.kind === "load" || step.kind === "index" ? { ...step, window: cut(step.window) } : step,
    ),
    stores: body.stores.map((store) => ({ ...store, window: cut(store.window) })),
  };
}
