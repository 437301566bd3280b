// TensorFlow.js on its webgpu backend: the page of an engine (../page-bench.ts). Its scripts are loaded before this one.
import { prepareTfjs } from "../../peers/tfjs-works.mjs";
import { offerBench } from "../page-bench.ts";

offerBench(async (name) => {
  const { tf } = globalThis;
  if (!(await tf.setBackend("webgpu"))) throw new Error("TensorFlow.js has no webgpu backend here");
  await tf.ready();
  const work = prepareTfjs(tf, name);
  return {
    ...work,
    step: () => {
      work.step();
      // What it holds back for a later submit belongs to this step; its own code ends the pass before it submits too.
      const backend = tf.backend();
      backend.endComputePassEncoder();
      if (backend.commandEncoder !== null) backend.submitQueue();
    },
  };
});
