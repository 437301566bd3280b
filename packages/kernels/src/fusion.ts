import { elementCount, type Shape } from "@tributary/program";
import { BodyBuilder } from "./expression.ts";
import type { Body, Kernel, ReduceKernel, StorageId, Window } from "./ir.ts";
import { kernelReads, kernelWrites, mayOverlap } from "./kernel-access.ts";
import type { Storages } from "./storages.ts";
import { reshapeWindow, windowsEqual } from "./window.ts";

/** Most loads and stores of a fused body: each is a stream of memory and a register. */
const STREAMS_MAX = 40;

/**
 * Kernels in the order in which they will run. Elementwise work is merged into the kernel that produces what it reads, or
 * that reads the same: then what passes between them stays in registers. Storages are written once, or in disjoint parts
 * before anyone reads them, which is why a kernel may be moved as long as no reader comes to stand before its writer.
 */
export class KernelList {
  readonly kernels: Kernel[] = [];
  readonly #storages: Storages;

  constructor(storages: Storages) {
    this.#storages = storages;
  }

  /** Appends a kernel as it is. */
  add(kernel: Kernel): void {
    this.kernels.push(kernel);
  }

  /** Adds elementwise work, merged into an earlier kernel where that is possible. */
  addMap(body: Body): void {
    for (let position = this.kernels.length - 1; position >= 0; position--) {
      const kernel = this.kernels[position];
      const host = hostBody(kernel);
      if (host === null) continue;
      const merged = mergeBodies(host, body, kernel.kind === "map");
      if (merged === null) continue;
      const target = this.#place(position, body);
      if (target === null) continue;
      this.kernels.splice(position, 1);
      this.kernels.splice(target, 0, withHostBody(kernel, merged));
      return;
    }
    this.add({ kind: "map", body });
  }

  /** Adds a reduction, merged into an earlier one over the same axes that reads the same. */
  addReduce(kernel: ReduceKernel): void {
    for (let position = this.kernels.length - 1; position >= 0; position--) {
      const host = this.kernels[position];
      if (host.kind !== "reduce") continue;
      const merged = mergeReductions(host, kernel);
      if (merged === null || this.#place(position, kernel.prologue) !== position) continue;
      this.kernels[position] = merged;
      return;
    }
    this.add(kernel);
  }

  /** Where kernel `position` could run if it did `body`'s work too: as early as it may, or null when nowhere. */
  #place(position: number, body: Body): number | null {
    const root = (storage: StorageId): StorageId => this.#storages.root(storage);
    const written = kernelWrites(this.kernels[position]);
    const own = new Set(written.map((access) => root(access.storage)));
    const reads = new Set(body.steps.flatMap((step) => (step.kind === "load" ? [root(step.storage)] : [])));
    const overwrites = body.stores.flatMap(({ storage, window }) => {
      const input = this.#storages.replaced(storage);
      return input === null ? [] : [{ storage: input, shape: body.shape, window }];
    });
    let earliest = position;
    for (let later = position + 1; later < this.kernels.length; later++) {
      const kernel = this.kernels[later];
      const feeds = kernelWrites(kernel).some((access) => reads.has(root(access.storage)));
      const blocks = kernelReads(kernel).some((read) =>
        overwrites.some((write) => mayOverlap(this.#storages, read, write)),
      );
      if (feeds || blocks) earliest = later;
    }
    for (let later = position + 1; later <= earliest; later++) {
      if (kernelReads(this.kernels[later]).some((access) => own.has(root(access.storage)))) return null;
      // A part that a later kernel writes again (a padded tensor is filled first) must stay behind it.
      if (
        kernelWrites(this.kernels[later]).some((again) => written.some((w) => mayOverlap(this.#storages, w, again)))
      ) {
        return null;
      }
    }
    return earliest;
  }
}

function hostBody(kernel: Kernel): Body | null {
  if (kernel.kind === "map") return kernel.body;
  return kernel.kind === "contract" || kernel.kind === "reduce" ? kernel.epilogue : null;
}

function withHostBody(kernel: Kernel, body: Body): Kernel {
  if (kernel.kind === "map") return { ...kernel, body };
  return kernel.kind === "contract" || kernel.kind === "reduce" ? { ...kernel, epilogue: body } : kernel;
}

/**
 * One body that does the work of both, or null. `body` must read something that `host` stores, at the same windows, or, when
 * `mayShare`, read something that `host` reads.
 */
function mergeBodies(host: Body, body: Body, mayShare: boolean): Body | null {
  if (elementCount(host.shape) !== elementCount(body.shape)) return null;
  const stored = new Map(host.stores.map((store) => [store.storage, store]));
  const loaded = new Set(host.steps.flatMap((step) => (step.kind === "load" ? [step.storage] : [])));
  const feeds = body.steps.some((step) => step.kind === "load" && stored.has(step.storage));
  const shares = mayShare && body.steps.some((step) => step.kind === "load" && loaded.has(step.storage));
  if (!feeds && !shares) return null;
  if (countStreams(host) + countStreams(body) > STREAMS_MAX) return null;
  const moved = reshapeBody(body, host.shape);
  if (moved !== null) return join(host, moved);
  const hostMoved = mayShare ? reshapeBody(host, body.shape) : null;
  return hostMoved === null ? null : join(hostMoved, body);
}

/** Most reductions of one kernel: each holds several registers. */
const REDUCTIONS_MAX = 4;

function mergeReductions(host: ReduceKernel, kernel: ReduceKernel): ReduceKernel | null {
  const reductions = [...host.reductions, ...kernel.reductions];
  const known = new Set(["sum", "max"]);
  if (reductions.length > REDUCTIONS_MAX || !reductions.every(({ reducer }) => known.has(reducer))) return null;
  if (host.axes.join() !== kernel.axes.join() || host.prologue.shape.join() !== kernel.prologue.shape.join())
    return null;
  const written = new Set(host.epilogue.stores.map((store) => store.storage));
  if (kernel.prologue.steps.some((step) => step.kind === "load" && written.has(step.storage))) return null;
  const loaded = new Set(host.prologue.steps.flatMap((step) => (step.kind === "load" ? [step.storage] : [])));
  if (!kernel.prologue.steps.some((step) => step.kind === "load" && loaded.has(step.storage))) return null;
  const prologue = new BodyBuilder(host.prologue.shape);
  const hostSteps = addSteps(prologue, host.prologue);
  const steps = addSteps(prologue, kernel.prologue);
  const epilogue = new BodyBuilder(host.epilogue.shape);
  const hostResults = addSteps(epilogue, host.epilogue);
  const results = addSteps(epilogue, kernel.epilogue, host.reductions.length);
  for (const store of host.epilogue.stores) epilogue.store(hostResults[store.step], store.storage, store.window);
  for (const store of kernel.epilogue.stores) epilogue.store(results[store.step], store.storage, store.window);
  return {
    ...host,
    prologue: prologue.build(),
    reductions: [
      ...host.reductions.map((reduction) => ({ ...reduction, step: hostSteps[reduction.step] })),
      ...kernel.reductions.map((reduction) => ({ ...reduction, step: steps[reduction.step] })),
    ],
    epilogue: epilogue.build(),
  };
}

/** Adds a body's steps to a builder over the same shape. @returns their numbers there */
function addSteps(builder: BodyBuilder, body: Body, firstResult = 0): number[] {
  const numbers: number[] = [];
  for (const step of body.steps) {
    const shifted = step.kind === "result" ? { ...step, number: step.number + firstResult } : step;
    numbers.push(builder.step(renumber(shifted, numbers)));
  }
  return numbers;
}

function join(host: Body, body: Body): Body | null {
  const builder = new BodyBuilder(host.shape);
  const numbers = addSteps(builder, host);
  for (const store of host.stores) builder.store(numbers[store.step], store.storage, store.window);
  const bodyNumbers: number[] = [];
  for (const [position, step] of body.steps.entries()) {
    const writers = step.kind === "load" ? host.stores.filter((store) => store.storage === step.storage) : [];
    if (step.kind === "load" && writers.length > 0) {
      const writer = writers.find((store) => windowsEqual(host.shape, store.window, step.window));
      // Elements of other turns of the loop may not be there yet.
      if (writer === undefined) return null;
      bodyNumbers[position] = numbers[writer.step];
    } else {
      bodyNumbers[position] = builder.step(renumber(step, bodyNumbers));
    }
  }
  for (const store of body.stores) builder.store(bodyNumbers[store.step], store.storage, store.window);
  return builder.build();
}

function renumber<S extends Body["steps"][number]>(step: S, numbers: readonly number[]): S {
  if (step.kind !== "apply") return step;
  return { ...step, arguments: step.arguments.map((argument) => numbers[argument]) };
}

function countStreams(body: Body): number {
  return body.stores.length + body.steps.filter((step) => step.kind === "load").length;
}

function reshapeBody(body: Body, shape: Shape): Body | null {
  const same = body.shape.length === shape.length && body.shape.every((size, axis) => size === shape[axis]);
  if (same) return body;
  let possible = true;
  const reshape = (window: Window): Window => {
    const reshaped = reshapeWindow(body.shape, window, shape);
    if (reshaped === null) possible = false;
    return reshaped ?? window;
  };
  const steps = body.steps.map((step) =>
    step.kind === "load" || step.kind === "index" ? { ...step, window: reshape(step.window) } : step,
  );
  const stores = body.stores.map((store) => ({ ...store, window: reshape(store.window) }));
  return possible ? { shape, steps, stores } : null;
}
