import type { Shape } from "./dtype.ts";
import { ProgramError } from "./errors.ts";
import { requireShape } from "./inference/checks.ts";
import { isObjectProperty } from "./object-property.ts";
import {
  type BufferDescription,
  type LayoutDescription,
  type ParameterDescription,
  ParameterLayout,
} from "./parameter-layout.ts";

/** Most tensors of a layout, parameters and buffers together. */
export const LAYOUT_ENTRIES_MAX = 65_536;

/** Names as PyTorch gives them ("0.weight"), of at most 256 characters. */
const ENTRY_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,255}$/;

function requireNames(entries: readonly BufferDescription[]): void {
  if (entries.length > LAYOUT_ENTRIES_MAX) {
    throw new ProgramError(
      "LAYOUT_INVALID",
      `A layout has ${entries.length} tensors, but at most ${LAYOUT_ENTRIES_MAX} are possible: use fewer`,
    );
  }
  const names = new Set<string>();
  for (const { name } of entries) {
    if (!ENTRY_NAME.test(name) || isObjectProperty(name)) {
      throw new ProgramError(
        "NAME_INVALID",
        `${JSON.stringify(name.slice(0, 300))} cannot name a tensor of a layout: use letters, digits, _ . and -, not the name of a property of every object`,
      );
    }
    if (names.has(name))
      throw new ProgramError("NAME_REPEATED", `Two tensors of a layout are named ${name}: rename one of them`);
    names.add(name);
  }
}

/**
 * Lays out parameters and buffers, all float32.
 * @throws ProgramError NAME_INVALID, NAME_REPEATED, SHAPE_INVALID, LAYOUT_INVALID, LAYOUT_ROW_TOO_LARGE
 */
export function createLayout(description: LayoutDescription): ParameterLayout {
  const { parameters, buffers } = description;
  requireNames([...parameters, ...buffers]);
  for (const { name, shape } of [...parameters, ...buffers]) requireShape(name, shape);
  return new ParameterLayout(
    parameters.filter((parameter) => parameter.trainable),
    parameters.filter((parameter) => !parameter.trainable),
    buffers,
  );
}

function invalid(what: string): ProgramError {
  return new ProgramError("LAYOUT_INVALID", `A layout's ${what}: write layouts with toJSON`);
}

function parseRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${what} must be an object`);
  return value as Readonly<Record<string, unknown>>;
}

function parseList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what} must be an array`);
  return value;
}

function parseBuffer(value: unknown, what: string): BufferDescription {
  const { name, shape } = parseRecord(value, what);
  if (typeof name !== "string") throw invalid(`${what}.name must be a string`);
  const dimensions = parseList(shape, `${what}.shape`);
  if (!dimensions.every((dimension) => typeof dimension === "number")) throw invalid(`${what}.shape must hold numbers`);
  return { name, shape: dimensions as Shape };
}

function parseParameter(value: unknown, what: string): ParameterDescription {
  const { trainable } = parseRecord(value, what);
  if (typeof trainable !== "boolean") throw invalid(`${what}.trainable must be true or false`);
  return { ...parseBuffer(value, what), trainable };
}

/**
 * The layout that {@link ParameterLayout.toJSON} described, from parsed JSON of any origin.
 * @throws ProgramError LAYOUT_INVALID when the form is wrong or the hash is not that of the contents; those of {@link createLayout}
 */
export function parseLayout(json: unknown): ParameterLayout {
  const { parameters, buffers, hash } = parseRecord(json, "JSON");
  const layout = createLayout({
    parameters: parseList(parameters, "parameters").map((value, place) =>
      parseParameter(value, `parameters[${place}]`),
    ),
    buffers: parseList(buffers, "buffers").map((value, place) => parseBuffer(value, `buffers[${place}]`)),
  });
  if (typeof hash !== "string" || hash !== layout.hash) {
    throw invalid(`hash is ${String(hash).slice(0, 64)}, but its contents give ${layout.hash}`);
  }
  return layout;
}
