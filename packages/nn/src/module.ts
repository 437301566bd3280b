import type { Tensor } from "@tributary/autograd";
import { Buffer, Parameter } from "./parameter.ts";
import { currentScope } from "./scope.ts";
import { Statistics } from "./statistics.ts";

/** Something with its dotted name, as in PyTorch's state_dict: "features.0.weight". */
export type Named<Item> = readonly [name: string, item: Item];

function joinNames(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}

/** A module's members: each property, and each element of a property that is a list. */
function members(module: Module): Named<unknown>[] {
  return Object.entries(module).flatMap(([name, member]: [string, unknown]) =>
    Array.isArray(member)
      ? member.map((item: unknown, index): Named<unknown> => [`${name}.${index}`, item])
      : [[name, member] satisfies Named<unknown>],
  );
}

/** Only the first name of something that has several, as in PyTorch: shared parameters are listed once. */
function firstNames<Item>(named: readonly Named<Item>[]): Named<Item>[] {
  const seen = new Set<Item>();
  return named.filter(([, item]) => !seen.has(item) && seen.add(item));
}

/**
 * A part of a network. Parameters, buffers and other modules are found by the names of the properties that hold them (or
 * lists of them), in the order in which they were set. `forward` is traced: it may use only operations of tensors.
 *
 * @example
 * class Residual extends Module {
 *   readonly inner = new Linear(8, 8);
 *   forward(x: Tensor) { return this.inner.forward(x).relu().add(x); }
 * }
 */
export abstract class Module {
  #trains = true;

  /** The module's output for a microbatch, whose first dimension is the sample. */
  abstract forward(input: Tensor, ...more: Tensor[]): Tensor;

  /** Modules directly inside, by name. */
  namedChildren(): Named<Module>[] {
    return members(this).flatMap(([name, member]) => (member instanceof Module ? [[name, member] as const] : []));
  }

  /** This module (with the name "") and all inside, parents first; a shared one by its first name. */
  namedModules(prefix = ""): Named<Module>[] {
    const inside = this.namedChildren().flatMap(([name, child]) => child.namedModules(joinNames(prefix, name)));
    return firstNames([[prefix, this], ...inside]);
  }

  /** All parameters by PyTorch's names: a module's own, then those of its children. */
  namedParameters(): Named<Parameter>[] {
    return this.#collect((member) => (member instanceof Parameter ? member : null));
  }

  /** All buffers by PyTorch's names. */
  namedBuffers(): Named<Buffer>[] {
    return this.#collect((member) => (member instanceof Buffer ? member : null));
  }

  /** All statistics by the names of the properties that hold them. */
  namedStatistics(): Named<Statistics>[] {
    return this.#collect((member) => (member instanceof Statistics ? member : null));
  }

  /** Parameters without their names. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Whether the module behaves as in training: a training program is traced, and eval() was not called. */
  get training(): boolean {
    return this.#trains && (currentScope()?.training ?? true);
  }

  /** Lets this module and all inside follow the program that is traced (the default), or (false) always behave as in evaluation. */
  train(mode = true): this {
    for (const [, module] of this.namedModules()) module.#trains = mode;
    return this;
  }

  /** Makes this module and all inside behave as in evaluation, in training programs too. */
  eval(): this {
    return this.train(false);
  }

  /** Freezes (false) or releases all parameters inside. A frozen parameter has no place in the gradient. */
  requiresGrad(required = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = required;
    return this;
  }

  #collect<Item>(choose: (member: unknown) => Item | null): Named<Item>[] {
    const found = this.namedModules().flatMap(([path, module]) =>
      members(module).flatMap(([name, member]): Named<Item>[] => {
        const item = choose(member);
        return item === null ? [] : [[joinNames(path, name), item]];
      }),
    );
    return firstNames(found);
  }
}
