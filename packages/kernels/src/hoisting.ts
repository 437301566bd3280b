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
  const copies = new OperandCopies(storages);
  const layOut = operands === "panels" ? inPanels : inRows;
  const inside = rest.map((kernel) => {
    if (kernel.kind !== "contract" || kernel.contraction.operation !== "matmul") return kernel;
    const { b } = kernel;
    return varying({ storage: b.storage, shape: b.shape, window: b }) ? kernel : layOut(kernel, copies);
  });
  return { before: [...before, ...copies.kernels], inside };
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

/** Dense copies of right sides of products, each made once. */
class OperandCopies {
  readonly kernels: Kernel[] = [];
  readonly #storages: Storages;
  readonly #known = new Map<string, StorageId>();

  constructor(storages: Storages) {
    this.#storages = storages;
  }

  /** A copy with the elements in the order of this view. */
  of(view: View): View {
    const { storage: from, shape, offset, strides } = view;
    const key = [from, offset, ...shape, ...strides].join();
    const storage = this.#known.get(key) ?? this.#copy(view);
    this.#known.set(key, storage);
    return { storage, shape, ...denseWindow(shape) };
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

/** A product as a batch of products, one a panel of neighbouring columns; left as it is where the columns do not fill panels. */
function inPanels(kernel: ContractKernel, copies: OperandCopies): ContractKernel {
  const { a, b, epilogue } = kernel;
  const [depth, columns] = b.shape;
  const fits = b.shape.length === 2 && columns % PANEL_COLUMNS === 0 && depth * columns >= PANELS_ELEMENTS_MIN;
  if (!fits) return kernel;
  const count = columns / PANEL_COLUMNS;
  return {
    ...kernel,
    a: { ...a, shape: [count, ...a.shape], strides: [0, ...a.strides] },
    b: copies.of({ storage: b.storage, shape: [count, depth, PANEL_COLUMNS], ...windowInPanels(b) }),
    epilogue: bodyInPanels(epilogue),
  };
}

/** A product whose right side's neighbouring columns lie side by side. */
function inRows(kernel: ContractKernel, copies: OperandCopies): ContractKernel {
  const { b } = kernel;
  const axis = b.shape.length - 1;
  return b.shape[axis] === 1 || b.strides[axis] === 1 ? kernel : { ...kernel, b: copies.of(b) };
}

/** A window over [rows, columns] as one over [panels, rows, columns of a panel]. */
function windowInPanels({ offset, strides: [row, column] }: Window): Window {
  return { offset, strides: [column * PANEL_COLUMNS, row, column] };
}

/** A body over [rows, columns] as one over [panels, rows, columns of a panel]. */
function bodyInPanels(body: Body): Body {
  const [rows, columns] = body.shape;
  return {
    shape: [columns / PANEL_COLUMNS, rows, PANEL_COLUMNS],
    steps: body.steps.map((step) =>
      step.kind === "load" || step.kind === "index" ? { ...step, window: windowInPanels(step.window) } : step,
    ),
    stores: body.stores.map((store) => ({ ...store, window: windowInPanels(store.window) })),
  };
}
