import type { Shape } from "@tributary/program";
import type { ContractKernel, MapKernel, ReduceKernel, RowsKernel, StorageId, View } from "../../../ir.ts";
import { denseStrides, denseWindow } from "../../../window.ts";
import { StorageTable } from "../../gpu-storages.ts";

/** A tensor of a test: a storage and a dense shape. */
export interface TestTensor {
  readonly storage: StorageId;
  readonly shape: Shape;
}

/** Kernels and storages as lowering would make them, for tests worked by hand. All is float32. */
export class KernelBench {
  readonly table = new StorageTable([]);

  /** A new dense tensor in the arena. */
  tensor(...shape: number[]): TestTensor {
    return { storage: this.table.storages.dense("float32", shape).storage, shape };
  }

  /** A tensor that a program is given. */
  input(index: number, ...shape: number[]): TestTensor {
    return { storage: this.table.storages.dense("float32", shape, { kind: "input", index }).storage, shape };
  }

  /** The same elements with axes in another order. */
  permuted({ storage, shape }: TestTensor, ...order: number[]): View {
    const strides = denseStrides(shape);
    return {
      storage,
      shape: order.map((axis) => shape[axis]),
      offset: 0,
      strides: order.map((axis) => strides[axis]),
    };
  }

  view({ storage, shape }: TestTensor): View {
    return { storage, shape, ...denseWindow(shape) };
  }

  /** Adds the sources up, element by element, over the first one's shape. */
  map(target: TestTensor | View, ...sources: (TestTensor | View)[]): MapKernel {
    const views = sources.map((source) => asView(source));
    const into = asView(target);
    const steps = views.map(({ storage, offset, strides }) => ({
      kind: "load" as const,
      dtype: "float32" as const,
      storage,
      window: { offset, strides },
    }));
    const adds = steps.slice(1).map((_, index) => ({
      kind: "apply" as const,
      dtype: "float32" as const,
      operation: "add" as const,
      arguments: [index === 0 ? 0 : steps.length + index - 1, index + 1],
    }));
    const all = [...steps, ...adds];
    const stores = [
      { step: all.length - 1, storage: into.storage, window: { offset: into.offset, strides: into.strides } },
    ];
    return { kind: "map", body: { shape: views[0]?.shape ?? into.shape, steps: all, stores } };
  }

  /** Sums over some axes. */
  sum(target: TestTensor, source: TestTensor, ...axes: number[]): ReduceKernel {
    const { body } = this.map(source, source);
    return {
      kind: "reduce",
      prologue: { ...body, stores: [] },
      axes,
      reductions: [{ reducer: "sum", step: 0, dtype: "float32" }],
      epilogue: resultBody(target),
    };
  }

  matmul(target: TestTensor, a: TestTensor | View, b: TestTensor | View): ContractKernel {
    return {
      kind: "contract",
      contraction: { operation: "matmul" },
      a: asView(a),
      b: asView(b),
      epilogue: resultBody(target),
    };
  }

  softmax(target: TestTensor, source: TestTensor): RowsKernel {
    return { kind: "rows", operation: "softmax", inputs: [asView(source)], output: asView(target) };
  }
}

function asView(tensor: TestTensor | View): View {
  return "strides" in tensor ? tensor : { ...tensor, ...denseWindow(tensor.shape) };
}

function resultBody({ storage, shape }: TestTensor): ContractKernel["epilogue"] {
  return {
    shape,
    steps: [{ kind: "result", dtype: "float32", number: 0 }],
    stores: [{ step: 0, storage, window: denseWindow(shape) }],
  };
}
