import type { None, PrimitiveAttributes } from "@tributary/program";
import { elementCount } from "@tributary/program";
import type { Kernel } from "./value.ts";

function isInside(index: number, length: number): boolean {
  return index >= 0 && index < length;
}

/** Elements of the last axis; what is out of range stays 0. */
export const gather: Kernel<None> = (_, [x, index], [output]) => {
  const length = x.shape[x.shape.length - 1];
  const count = index.shape[index.shape.length - 1];
  for (let i = 0; i < output.data.length; i += 1) {
    const row = Math.floor(i / count);
    if (isInside(index.data[i], length)) output.data[i] = x.data[row * length + index.data[i]];
  }
};

/** Sums in float64; drops what is out of range. */
export const scatterAdd: Kernel<PrimitiveAttributes["scatterAdd"]> = ({ length }, [updates, index], [output]) => {
  const count = index.shape[index.shape.length - 1];
  const totals = new Float64Array(output.data.length);
  for (let i = 0; i < updates.data.length; i += 1) {
    const row = Math.floor(i / count);
    if (isInside(index.data[i], length)) totals[row * length + index.data[i]] += updates.data[i];
  }
  output.data.set(totals);
};

/** Rows of the table; what is out of range stays 0. */
export const take: Kernel<None> = (_, [table, index], [output]) => {
  const width = elementCount(table.shape.slice(1));
  for (let i = 0; i < index.data.length; i += 1) {
    const row = index.data[i];
    if (!isInside(row, table.shape[0])) continue;
    for (let j = 0; j < width; j += 1) output.data[i * width + j] = table.data[row * width + j];
  }
};

/** Sums rows in float64, in the order of the indices; drops what is out of range. */
export const scatterAddRows: Kernel<PrimitiveAttributes["scatterAddRows"]> = ({ rows }, [updates, index], [output]) => {
  const width = elementCount(output.shape.slice(1));
  const totals = new Float64Array(output.data.length);
  for (let i = 0; i < index.data.length; i += 1) {
    const row = index.data[i];
    if (!isInside(row, rows)) continue;
    for (let j = 0; j < width; j += 1) totals[row * width + j] += updates.data[i * width + j];
  }
  output.data.set(totals);
};
