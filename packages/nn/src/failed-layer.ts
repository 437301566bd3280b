import type { Module } from "./module.ts";
import { watchLayers } from "./watched-layers.ts";

/** Errors whose message names a layer already: bindings may be inside each other. */
const located = new WeakSet<Error>();

/**
 * Runs `body`. When it throws, it runs a second time, to see in which layer: the message of that error then begins with it.
 * Nothing that goes well is watched.
 */
export function whereItFailed<Result>(model: Module, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Error) || located.has(error)) throw error;
    let failure: Error = error;
    let place = "";
    const failed = (path: string, module: Module, thrown: unknown) => {
      if (place !== "" || !(thrown instanceof Error)) return;
      failure = thrown;
      const kind = module.constructor.name;
      // Most of our own layers say what they are.
      place = thrown.message.startsWith(kind) ? `Layer ${path}: ` : `Layer ${path} (${kind}): `;
    };
    try {
      watchLayers(model, { failed }, body);
    } catch {
      // The same error again.
    }
    failure.message = `${place}${failure.message}`;
    located.add(failure);
    throw failure;
  }
}
