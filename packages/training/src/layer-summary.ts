import type { Module } from "@tributary/nn";
import { elementCount, type ParameterLayout, type Program, type Shape } from "@tributary/program";
import { layerPath } from "./inspection-programs.ts";

/** One layer of a model. */
export interface LayerSummary {
  /** Dotted path, as in the names of its parameters. */
  readonly path: string;
  /** Name of its class. */
  readonly kind: string;
  /** Shape of its output for one sample; null for one that did not run. */
  readonly outputShape: Shape | null;
  /** Numbers in its own parameters, layers inside it not counted. */
  readonly parameters: number;
}

/** The layers of a model, in the order in which it names them. @param activations the program that shows what they make of a sample */
export function summarizeLayers(model: Module, layout: ParameterLayout, activations: Program): LayerSummary[] {
  const shapes = new Map(activations.outputs.map(({ name, shape }) => [layerPath(name), shape.slice(1)]));
  return model
    .namedModules()
    .filter(([path]) => path !== "")
    .map(([path, module]) => ({
      path,
      kind: module.constructor.name,
      outputShape: shapes.get(path) ?? null,
      parameters: layout.parameters
        .filter(({ name }) => name.slice(0, Math.max(0, name.lastIndexOf("."))) === path)
        .reduce((sum, { shape }) => sum + elementCount(shape), 0),
    }));
}
