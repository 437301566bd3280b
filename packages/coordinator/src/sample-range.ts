/** Samples start ... end - 1, as positions in the order of one epoch. */
export interface SampleRange {
  readonly start: number;
  readonly end: number;
}

/** The first `count` samples of `ranges`, and what is left; both in the given order. */
export function splitRanges(
  ranges: readonly SampleRange[],
  count: number,
): { readonly head: SampleRange[]; readonly tail: SampleRange[] } {
  const head: SampleRange[] = [];
  const tail: SampleRange[] = [];
  let wanted = count;
  for (const range of ranges) {
    const taken = Math.min(wanted, range.end - range.start);
    if (taken > 0) head.push({ start: range.start, end: range.start + taken });
    if (range.start + taken < range.end) tail.push({ start: range.start + taken, end: range.end });
    wanted -= taken;
  }
  return { head, tail };
}

/** Whether two ranges have a sample in common. */
export function overlaps(a: SampleRange, b: SampleRange): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Sorted by start, touching and overlapping ranges joined. */
export function joinRanges(ranges: readonly SampleRange[]): SampleRange[] {
  const joined: { start: number; end: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = joined.at(-1);
    if (last !== undefined && last.end >= range.start) last.end = Math.max(last.end, range.end);
    else joined.push({ ...range });
  }
  return joined;
}
