import { elementCount } from "@tributary/program";
import type { IndexKernel } from "../ir.ts";
import { forEach, type IndexCode, loadIndex } from "./index-access.ts";
import { type EmitKernel, type KernelCode, literal, REGISTER_TYPES } from "./kernel-code.ts";
import { emitScatterAdd } from "./scatter-code.ts";
import { emitScatterAddRows } from "./scatter-table-code.ts";

/** Writes a gather, take or scatter. Whoever owns a place adds up its updates, in their order. */
export const emitIndexed: EmitKernel<IndexKernel> = (context, kernel) => {
  if (elementCount(kernel.output.shape) === 0) return { workgroups: 0, statements: "" };
  const [source, index, output] = [kernel.source, kernel.index, kernel.output].map((view) =>
    context.access(view.storage, view.offset),
  );
  const type = REGISTER_TYPES[context.storages[kernel.output.storage].dtype];
  const zero = type === "f32" ? "0.0f" : `0${type[0]}`;
  const code: IndexCode = { context, kernel, source, index, output, zero };
  switch (kernel.operation) {
    case "gather":
      return emitGather(code);
    case "take":
      return emitTake(code);
    case "scatterAdd":
      return emitScatterAdd(code);
    case "scatterAddRows":
      return emitScatterAddRows(code);
    default:
      return kernel.operation satisfies never;
  }
};

function emitGather({ kernel, source, index, output, zero }: IndexCode): KernelCode {
  const length = kernel.source.shape.at(-1) ?? 0;
  const count = kernel.index.shape.at(-1) ?? 0;
  return forEach(elementCount(kernel.output.shape), [
    `let chosen = ${loadIndex(index, "i")};`,
    `var value = ${zero};`,
    `if (chosen < ${literal(length)}) {`,
    `let at = i / ${literal(count)} * ${literal(length)} + chosen;`,
    `value = ${source.load("at")};`,
    "}",
    output.store("i", "value"),
  ]);
}

function emitTake({ kernel, source, index, output, zero }: IndexCode): KernelCode {
  const count = elementCount(kernel.output.shape);
  const width = count / elementCount(kernel.index.shape);
  return forEach(count, [
    `let place = i / ${literal(width)};`,
    `let chosen = ${loadIndex(index, "place")};`,
    `var value = ${zero};`,
    `if (chosen < ${literal(kernel.source.shape[0])}) {`,
    `let at = chosen * ${literal(width)} + i % ${literal(width)};`,
    `value = ${source.load("at")};`,
    "}",
    output.store("i", "value"),
  ]);
}
