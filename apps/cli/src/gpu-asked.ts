import { type MissingVulkan, missingVulkan, thisMachine } from "@tributary/kernels";
import { CommandError } from "./errors.ts";
import type { Options } from "./options.ts";

/** Whether the optional package with Dawn is installed; it is not loaded. */
export function hasGpuPackage(): boolean {
  try {
    import.meta.resolve("webgpu");
    return true;
  } catch {
    return false;
  }
}

/**
 * Refuses `--backend webgpu` where no worker could have a GPU, before anything is started for it.
 * @throws CommandError GPU_MISSING
 */
export function checkGpuAsked(
  { backend }: Pick<Options, "backend">,
  missing: MissingVulkan | null = missingVulkan(thisMachine()),
  packageIsHere = hasGpuPackage(),
): void {
  if (backend !== "webgpu") return;
  const otherwise = "or leave --backend out: workers then compute on the CPU";
  if (missing !== null) {
    const remedy = missing.remedy.charAt(0).toUpperCase() + missing.remedy.slice(1);
    throw new CommandError("GPU_MISSING", missing.what, `${remedy}; ${otherwise}`);
  }
  if (!packageIsHere) {
    const what = "--backend webgpu takes the package webgpu, which is not installed";
    throw new CommandError("GPU_MISSING", what, `Run npm install webgpu here; ${otherwise}`);
  }
}
