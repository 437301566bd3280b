import type { FoldItem, Handle } from "@tributary/coordinator";
import { type EvaluationMessage, TensorMemory } from "@tributary/protocol";
import type { StagedContribution } from "./compute/compute-message.ts";

/**
 * Contributions that wait to be folded, by handle. Uploads lie in shared memory, which the compute thread reads too and
 * which is used again once they are folded or dropped.
 */
export class Staging {
  readonly memory = new TensorMemory((byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)));
  readonly #staged = new Map<number, StagedContribution>();
  #handles = 0;

  /** Keeps a contribution under a new handle. */
  add(staged: StagedContribution, handle: Omit<Handle, "id">): Handle {
    this.#handles += 1;
    this.#staged.set(this.#handles, staged);
    return { ...handle, id: this.#handles };
  }

  /** Keeps an evaluation. Copies its sums. @param sumCount sums it must have */
  addEvaluation({ sums }: EvaluationMessage, sumCount: number): Handle {
    // Copied, because the message's bytes are a view into a whole frame.
    const own = sums.slice();
    const values = new Float32Array(own.buffer, 0, own.byteLength / 4);
    const finite = values.length === sumCount && values.every(Number.isFinite);
    const staged = { codec: "float32", bytes: new Uint8Array(0), sums: own };
    return this.add(staged, { bytes: own.byteLength, checksum: 0, norm: 0, finite, samples: values[2] ?? 0 });
  }

  /** Takes contributions out, in this order; whoever takes them calls {@link release} when they are read. */
  take(items: readonly FoldItem[]): readonly StagedContribution[] {
    const taken = items.flatMap(({ handle }) => this.#staged.get(handle.id) ?? []);
    for (const { handle } of items) this.#staged.delete(handle.id);
    return taken;
  }

  /** Nobody reads these any more. */
  release(contributions: readonly StagedContribution[]): void {
    for (const { bytes } of contributions) this.memory.giveBack(bytes);
  }

  drop({ id }: Handle): void {
    const staged = this.#staged.get(id);
    this.#staged.delete(id);
    if (staged !== undefined) this.release([staged]);
  }

  clear(): void {
    this.#staged.clear();
  }
}
