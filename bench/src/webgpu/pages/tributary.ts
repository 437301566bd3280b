// Tributary on its webgpu device: the page of an engine (../page-bench.ts). A GPU that computes on the CPU will do: the suite says which one it was.
import { open } from "@tributary/kernels";
import { prepareLocalStep } from "../../local-step.ts";
import { offerBench } from "../page-bench.ts";

offerBench(async (name) => {
  const device = await open("webgpu", { gpu: navigator.gpu, allowSoftware: true });
  return await prepareLocalStep(name, device);
});
