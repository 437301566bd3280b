import type { Body } from "../../ir.ts";
import type { Local } from "../assembler-function.ts";
import { BodyPointers, type EmitBody } from "../body-pointers.ts";
import type { KernelContext } from "../context.ts";
import { blocks, walk } from "../pointer-loop.ts";

/** One axis of a block of finished sums, and of the epilogue's shape. */
export interface EpilogueAxis {
  readonly axis: number;
  readonly length: number;
  /** Bytes from one sum to the next along this axis. */
  readonly sumStride: number;
}

/** Elements that the body is written for at a time: four vectors, two fused pairs. */
const RUN = 16;

/** Runs a contraction's epilogue over blocks of sums that lie in scratch memory. */
export class Epilogue {
  readonly #context: KernelContext;
  readonly #emitBody: EmitBody;
  readonly #pointers: BodyPointers;

  constructor(context: KernelContext, body: Body, emitBody: EmitBody) {
    this.#context = context;
    this.#emitBody = emitBody;
    this.#pointers = new BodyPointers(context, body);
  }

  /** Pointers that the loops around must move with the output's axes, by {@link strides}. */
  get pointers(): readonly Local[] {
    return this.#pointers.locals;
  }

  /** Bytes by which each pointer moves for `elements` steps along an axis of the output. */
  strides(axis: number, elements = 1): number[] {
    return this.#pointers.strides(axis).map((stride) => stride * elements);
  }

  /** Points at the first element of the output. */
  start(): void {
    this.#pointers.start();
  }

  /** Writes the body for a block of sums at address `sums`. Along the last axis the sums are adjacent. */
  emit(sums: Local, axes: readonly EpilogueAxis[]): void {
    const code = this.#context.body;
    const merged = this.#merge(axes);
    const lanes = merged[merged.length - 1];
    const pointers = [sums, ...this.pointers];
    const loops = merged.slice(0, -1).map((axis) => ({
      length: axis.length,
      strides: [axis.sumStride, ...this.strides(axis.axis)],
    }));
    walk(code, loops, pointers, () => {
      const strides = [4, ...this.strides(lanes.axis)];
      blocks(code, { total: lanes.length, size: RUN }, pointers, strides, (length) => {
        this.#pointers.emit(this.#emitBody, {
          axis: lanes.axis,
          length,
          pushResult: (_, vector) => code.get(sums).memory("v128.load", vector * 16),
        });
      });
    });
  }

  /** Two neighbouring axes are one longer axis where everything is laid out so; outer axes of length 1 vanish. */
  #merge(axes: readonly EpilogueAxis[]): EpilogueAxis[] {
    const merged = axes.slice(-1);
    for (const outer of axes.slice(0, -1).reverse()) {
      if (outer.length === 1) continue;
      const inner = merged[0];
      const innerStrides = this.strides(inner.axis, inner.length);
      const dense =
        outer.sumStride === inner.sumStride * inner.length &&
        this.strides(outer.axis).every((stride, index) => stride === innerStrides[index]);
      const replaces = inner.length === 1 && outer.sumStride === inner.sumStride;
      if (replaces) merged[0] = outer;
      else if (dense) merged[0] = { ...inner, length: inner.length * outer.length };
      else merged.unshift(outer);
    }
    return merged;
  }
}

/** The store of an epilogue that does nothing but store the sum: then sums can go there at once. */
export function directStore(body: Body): Body["stores"][number] | undefined {
  const [store, ...others] = body.stores;
  if (store === undefined || others.length > 0 || body.steps.length > 1) return undefined;
  return body.steps[store.step].kind === "result" ? store : undefined;
}
