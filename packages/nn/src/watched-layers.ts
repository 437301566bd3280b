import type { Tensor } from "@tributary/autograd";
import type { Module } from "./module.ts";

/** Who is told about the modules inside a model while it runs, by their paths. */
export interface LayerWatcher {
  /** Told what a module made; those inside come before what they are inside of. */
  readonly made?: (path: string, output: Tensor) => void;
  /** Told what a module threw; those inside come before what they are inside of. */
  readonly failed?: (path: string, module: Module, error: unknown) => void;
}

/** Runs `body` and tells what happens to each module inside the model, by standing in front of its forward. */
export function watchLayers<Result>(model: Module, watcher: LayerWatcher, body: () => Result): Result {
  const modules = model.namedModules().filter(([path]) => path !== "");
  const own = modules.map(([, module]) => Object.getOwnPropertyDescriptor(module, "forward"));
  for (const [path, module] of modules) {
    const forward = module.forward.bind(module);
    const value = (input: Tensor, ...more: Tensor[]): Tensor => {
      try {
        const output = forward(input, ...more);
        watcher.made?.(path, output);
        return output;
      } catch (error) {
        watcher.failed?.(path, module, error);
        throw error;
      }
    };
    Object.defineProperty(module, "forward", { value, configurable: true, enumerable: false, writable: true });
  }
  try {
    return body();
  } finally {
    modules.forEach(([, module], index) => {
      const before = own[index];
      if (before === undefined) Reflect.deleteProperty(module, "forward");
      else Object.defineProperty(module, "forward", before);
    });
  }
}
