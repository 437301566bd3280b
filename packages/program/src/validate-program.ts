import { programCost } from "./cost.ts";
import { shapesEqual, type TensorType } from "./dtype.ts";
import { ProgramError, type ProgramErrorCode } from "./errors.ts";
import { valueTypes } from "./graph.ts";
import { showType } from "./inference/checks.ts";
import { PROGRAM_LIMITS, type ProgramLimits } from "./limits.ts";
import { isObjectProperty } from "./object-property.ts";
import type { Program } from "./program.ts";
import { validateGraph } from "./validate-graph.ts";

/** Names of programs and their edges: they become keys of records and parts of paths. */
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

function requireName(name: unknown, what: string): void {
  if (typeof name === "string" && NAME.test(name) && !isObjectProperty(name)) return;
  throw new ProgramError(
    "NAME_INVALID",
    `${what} is named ${JSON.stringify(String(name).slice(0, 80))}: use a letter, then at most 63 letters, digits, _ . and -`,
  );
}

function requireUnique(edges: readonly { readonly name: string }[], program: string, what: string): void {
  const names = new Set<string>();
  for (const { name } of edges) {
    requireName(name, `${program}: an ${what}`);
    if (names.has(name)) {
      throw new ProgramError("NAME_REPEATED", `${program}: two ${what}s are named ${name}: rename one of them`);
    }
    names.add(name);
  }
}

function typesEqual(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && shapesEqual(a.shape, b.shape);
}

function requireEdges(
  program: string,
  what: string,
  named: readonly (TensorType & { readonly name: string })[],
  types: readonly (TensorType | undefined)[],
): void {
  if (named.length !== types.length) {
    throw new ProgramError(
      "EDGE_MISMATCH",
      `${program}: ${named.length} ${what}s have names, but the graph has ${types.length}: name each once, in order`,
    );
  }
  named.forEach((edge, place) => {
    const type = types[place];
    if (type !== undefined && typesEqual(edge, type)) return;
    throw new ProgramError(
      "EDGE_MISMATCH",
      `${program}: the ${what} ${edge.name} is ${showType(edge)}, but ${type === undefined ? "missing" : showType(type)} in the graph: take types from the graph`,
    );
  });
}

/** An output of an input's name would share its binding, so it must be the one that overwrites it. */
function requireReplaces(program: Program): void {
  const replaced = new Set<string>();
  for (const output of program.outputs) {
    const { name, replaces } = output;
    const refuse = (why: string): ProgramError =>
      new ProgramError("REPLACES_INVALID", `${program.name}: the output ${name} ${why}`);
    if (replaces !== name && program.inputs.some((input) => input.name === name)) {
      throw refuse("has the name of an input without replacing it: rename it, or let it replace that input");
    }
    if (replaces === null) continue;
    const input = program.inputs.find((candidate) => candidate.name === replaces);
    if (input === undefined) throw refuse(`replaces ${String(replaces).slice(0, 80)}, which is no input: mend it`);
    if (!typesEqual(input, output)) {
      throw refuse(`is ${showType(output)}, but replaces ${input.name}, which is ${showType(input)}: make them equal`);
    }
    if (replaced.has(replaces)) throw refuse(`replaces ${replaces}, as another output does: let one of them do it`);
    replaced.add(replaces);
  }
}

function requireCost(program: Program, limits: ProgramLimits): void {
  const cost = programCost(program);
  const bounded: readonly (readonly [keyof typeof cost, ProgramErrorCode])[] = [
    ["nodes", "LIMIT_NODES"],
    ["elements", "LIMIT_ELEMENTS"],
    ["bytes", "LIMIT_BYTES"],
    ["flops", "LIMIT_FLOPS"],
  ];
  for (const [quantity, code] of bounded) {
    // Written so that a NaN is refused too.
    if (cost[quantity] <= limits[quantity]) continue;
    throw new ProgramError(
      code,
      `${program.name}: one run takes ${cost[quantity]} ${quantity}, above ${limits[quantity]}: use a smaller model or microbatch`,
    );
  }
}

/**
 * Checks everything about a program of any origin that can be checked without running it. Nothing of the size of its
 * tensors is allocated.
 * @returns the same program
 * @throws ProgramError NAME_*, EDGE_MISMATCH, REPLACES_INVALID, LIMIT_*, TYPE_FORGED, VALUE_UNKNOWN, GRAPH_MALFORMED,
 *   OPERATION_UNKNOWN, and those of {@link inferOutputs}
 */
export function validateProgram(program: Program, limits: ProgramLimits = PROGRAM_LIMITS): Program {
  requireName(program.name, "A program");
  validateGraph(program.graph, limits);
  requireUnique(program.inputs, program.name, "input");
  requireUnique(program.outputs, program.name, "output");
  const types = valueTypes(program.graph);
  requireEdges(program.name, "input", program.inputs, program.graph.inputs);
  requireEdges(
    program.name,
    "output",
    program.outputs,
    program.graph.outputs.map((id) => types[id]),
  );
  requireReplaces(program);
  requireCost(program, limits);
  return program;
}
