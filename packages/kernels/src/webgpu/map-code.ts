import { elementCount } from "@tributary/program";
import type { Body, MapKernel, Step, Window } from "../ir.ts";
import { emitBody } from "./body-code.ts";
import { type EmitKernel, type KernelContext, literal, WORKGROUP_SIZE } from "./kernel-code.ts";

/** From so many elements on, an invocation computes several. */
const LONG_MAP = 1 << 18;
/** Elements of an invocation of a long map: enough that loads of one overlap the arithmetic of another. */
const ELEMENTS_LONG = 4;

/** Neighbouring invocations compute neighbouring elements. */
export const emitMap: EmitKernel<MapKernel> = (context, kernel) => {
  const body = collapseBody(kernel.body);
  const count = elementCount(body.shape);
  const each = count >= LONG_MAP ? ELEMENTS_LONG : 1;
  const turns = Array.from({ length: each }, (_, turn) => turn);
  const statements = turns.map((turn) => {
    const start = each === 1 ? `wg * ${WORKGROUP_SIZE}u` : `wg * ${WORKGROUP_SIZE * each}u + ${WORKGROUP_SIZE * turn}u`;
    return `{\nlet i = ${start} + lid;\nif (i < ${literal(count)}) {\n${emitElement(context, body, "i")}\n}\n}`;
  });
  return { workgroups: Math.ceil(count / (WORKGROUP_SIZE * each)), statements: statements.join("\n") };
};

/** Statements for the element with a number in row-major order. */
export function emitElement(context: KernelContext, body: Body, number: string): string {
  const { statements, coordinates } = decodeIndex(body.shape, number);
  return `${statements}\n${emitBody(context, body, coordinates)}`;
}

/** Statements that declare the coordinates of an element with a number in row-major order. @returns them and the names */
export function decodeIndex(
  shape: readonly number[],
  number: string,
  prefix = "c",
): { statements: string; coordinates: string[] } {
  const lines: string[] = [];
  const coordinates: string[] = [];
  let rest = number;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (axis === 0) {
      coordinates.unshift(rest);
      break;
    }
    coordinates.unshift(`${prefix}${axis}`);
    lines.push(`let ${prefix}${axis} = ${rest} % ${literal(shape[axis])};`);
    lines.push(`let ${prefix}r${axis} = ${rest} / ${literal(shape[axis])};`);
    rest = `${prefix}r${axis}`;
  }
  return { statements: lines.join("\n"), coordinates };
}

/** The same work over as few axes as possible: those that all windows run through as if they were one are one. */
function collapseBody(body: Body): Body {
  const windows = [
    ...body.steps.flatMap((step) => (step.kind === "load" || step.kind === "index" ? [step.window] : [])),
    ...body.stores.map(({ window }) => window),
  ];
  // Runs of axes, each given by its first and last.
  const runs: { first: number; last: number }[] = [];
  let open = -1;
  for (const [axis, size] of body.shape.entries()) {
    if (size === 1) continue;
    const joins = open >= 0 && windows.every(({ strides }) => strides[open] === strides[axis] * size);
    const last = runs.at(-1);
    if (joins && last !== undefined) last.last = axis;
    else runs.push({ first: axis, last: axis });
    open = axis;
  }
  const shape = runs.map(({ first, last }) => elementCount(body.shape.slice(first, last + 1)));
  const collapse = ({ offset, strides }: Window): Window => ({
    offset,
    strides: runs.map(({ last }) => strides[last]),
  });
  const steps = body.steps.map(
    (step): Step => (step.kind === "load" || step.kind === "index" ? { ...step, window: collapse(step.window) } : step),
  );
  return { shape, steps, stores: body.stores.map((store) => ({ ...store, window: collapse(store.window) })) };
}
