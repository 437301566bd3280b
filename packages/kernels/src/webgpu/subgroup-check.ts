import { literal, WORKGROUP_SIZE } from "./kernel-code.ts";
import { BUFFER_USAGE, MAP_MODE_READ } from "./usage.ts";

/** Workgroups of the check: more than one, because subgroups of one workgroup may be right by chance. */
const WORKGROUPS = 8;

/**
 * Whether neighbours in a workgroup exchange values as kernels rely on (GpuFeatures.subgroupLanes). WGSL does not promise which invocations make a
 * subgroup ("subgroup_invocation_id": no relationship to local_invocation_index), nor do all drivers bring invocations together again
 * before a subgroup operation where they went different ways: so it is tried on the device itself, behind loops of different lengths.
 * @param lanes invocations lid and lid ^ d exchange values for each d = 1, 2, 4, ... below it
 * @returns false also where the device refuses the shader, or is lost
 */
export async function subgroupsWork(device: GPUDevice, lanes: number): Promise<boolean> {
  const count = WORKGROUPS * WORKGROUP_SIZE;
  const size = count * Uint32Array.BYTES_PER_ELEMENT;
  const right = device.createBuffer({ size, usage: BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC });
  const staging = device.createBuffer({ size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  device.pushErrorScope("validation");
  try {
    const pipeline = await device.createComputePipelineAsync({
      layout: "auto",
      compute: { module: device.createShaderModule({ code: checkText(lanes) }), entryPoint: "main" },
    });
    const entries = [{ binding: 0, resource: { buffer: right } }];
    const commands = device.createCommandEncoder();
    const pass = commands.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(WORKGROUPS);
    pass.end();
    commands.copyBufferToBuffer(right, 0, staging, 0, size);
    device.queue.submit([commands.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    // What never ran is zero, and not right.
    return new Uint32Array(staging.getMappedRange()).every((word) => word === 1);
  } catch {
    // The device says what is the matter to whoever uses it next, if it is the device; if it is the shader, kernels do without.
    return false;
  } finally {
    await device.popErrorScope().catch(() => null);
    right.destroy();
    staging.destroy();
  }
}

/** A shader in which each invocation writes 1 when it got from all its neighbours what they had. */
function checkText(lanes: number): string {
  const distances = Array.from({ length: Math.log2(lanes) }, (_, bit) => literal(2 ** bit));
  const exchanges = distances.map(
    (distance) =>
      `{\nlet expected = value_of(lid ^ ${distance}, id.x);\nright &= select(0u, 1u, subgroupShuffleXor(own, ${distance}) == expected);\n}`,
  );
  return [
    "enable subgroups;",
    "@group(0) @binding(0) var<storage, read_write> found: array<u32>;",
    // Numbers without a pattern, after as many turns as no neighbour takes (a linear congruential generator: Numerical Recipes, "ranqd1").
    "fn value_of(lid: u32, group: u32) -> u32 {",
    `var value = group * ${WORKGROUP_SIZE}u + lid;`,
    "for (var turn = 0u; turn <= lid % 7u; turn++) { value = value * 1664525u + 1013904223u; }",
    "return value;\n}",
    `@compute @workgroup_size(${WORKGROUP_SIZE})`,
    "fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lid: u32) {",
    "let own = value_of(lid, id.x);",
    "var right = 1u;",
    ...exchanges,
    `found[id.x * ${WORKGROUP_SIZE}u + lid] = right;`,
    "}",
  ].join("\n");
}
