/** Kernels joined into groups, none of which may wait for another that waits for it. */
export class Clusters {
  readonly #before: readonly ReadonlySet<number>[];
  readonly #after: readonly number[][];
  readonly #cluster: number[];
  readonly #members: Map<number, number[]>;

  /** @param before for each kernel, the earlier ones that it must wait for */
  constructor(before: readonly ReadonlySet<number>[]) {
    this.#before = before;
    this.#after = before.map(() => []);
    for (const [kernel, earlier] of before.entries()) for (const other of earlier) this.#after[other].push(kernel);
    this.#cluster = before.map((_, kernel) => kernel);
    this.#members = new Map(before.map((_, kernel) => [kernel, [kernel]]));
  }

  /** The number of a kernel's cluster. */
  of(kernel: number): number {
    return this.#cluster[kernel];
  }

  /** The kernels of a kernel's cluster, ascending. */
  members(kernel: number): readonly number[] {
    return this.#members.get(this.#cluster[kernel]) ?? [];
  }

  /** Whether these kernels (whole clusters) may become one: nothing outside waits for one of them while another waits for it. */
  isEnclosed(kernels: readonly number[]): boolean {
    const inside = new Set(kernels.map((kernel) => this.#cluster[kernel]));
    const seen = new Set<number>();
    const open = [...kernels];
    for (let kernel = open.pop(); kernel !== undefined; kernel = open.pop()) {
      const isOutside = !inside.has(this.#cluster[kernel]);
      for (const next of this.#after[kernel]) {
        const cluster = this.#cluster[next];
        if (inside.has(cluster)) {
          if (isOutside) return false;
        } else if (!seen.has(cluster)) {
          seen.add(cluster);
          open.push(...this.members(next));
        }
      }
    }
    return true;
  }

  /** Makes one cluster of those of two kernels. */
  join(one: number, two: number): void {
    const [kept, gone] = [this.#cluster[one], this.#cluster[two]];
    const members = [...this.members(one), ...this.members(two)].sort((a, b) => a - b);
    for (const kernel of members) this.#cluster[kernel] = kept;
    this.#members.delete(gone);
    this.#members.set(kept, members);
  }

  /** The clusters in an order in which each stands behind those that it waits for; as near to the order of the kernels as that allows. */
  inOrder(): readonly (readonly number[])[] {
    const waiting = new Map<number, Set<number>>();
    for (const [cluster, members] of this.#members) {
      const others = members.flatMap((member) => [...this.#before[member]].map((other) => this.#cluster[other]));
      waiting.set(cluster, new Set(others.filter((other) => other !== cluster)));
    }
    const byLast = [...this.#members].sort(([, a], [, b]) => (a.at(-1) ?? 0) - (b.at(-1) ?? 0));
    const ordered: (readonly number[])[] = [];
    const done = new Set<number>();
    while (ordered.length < byLast.length) {
      const next = byLast.find(
        ([cluster]) => !done.has(cluster) && [...(waiting.get(cluster) ?? [])].every((other) => done.has(other)),
      );
      if (next === undefined) throw new Error("Chains wait for one another");
      done.add(next[0]);
      ordered.push(next[1]);
    }
    return ordered;
  }
}
