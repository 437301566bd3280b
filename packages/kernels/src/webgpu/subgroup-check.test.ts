import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findAdapter } from "./find-adapter.ts";
import { openWebGpu } from "./open.ts";
import { subgroupsWork } from "./subgroup-check.ts";

/** Dawn stops when nobody holds these. */
const held: GPU[] = [];

/** The GPU in software with a driver that compiles other than it should. @param compiler what becomes of a shader's text */
function driver(compiler: (text: string) => string): GPU {
  const requestAdapter = async () => {
    const { gpu, adapter } = await findAdapter({ allowSoftware: true });
    held.push(gpu);
    const requestDevice = adapter.requestDevice.bind(adapter);
    const value = async (descriptor?: GPUDeviceDescriptor) => compiling(await requestDevice(descriptor), compiler);
    return Object.defineProperty(adapter, "requestDevice", { value });
  };
  // Only an adapter is asked for.
  return { requestAdapter } as unknown as GPU;
}

function compiling(device: GPUDevice, compiler: (text: string) => string): GPUDevice {
  const create = device.createShaderModule.bind(device);
  const value = (given: GPUShaderModuleDescriptor) => create({ ...given, code: compiler(given.code) });
  return Object.defineProperty(device, "createShaderModule", { value });
}

// vitest.config.ts says so when there is no GPU in software; its subgroups have 4 invocations.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)("the check of subgroups", () => {
  let device: GPUDevice;
  beforeAll(async () => {
    const { gpu, adapter, descriptor } = await findAdapter({ allowSoftware: true });
    held.push(gpu);
    device = await adapter.requestDevice(descriptor);
  });
  afterAll(() => device.destroy());

  it("passes for as many neighbours as share a subgroup, and for fewer", async () => {
    expect(await subgroupsWork(device, 4)).toBe(true);
    expect(await subgroupsWork(device, 2)).toBe(true);
  });

  it("fails for more", async () => {
    expect(await subgroupsWork(device, 8)).toBe(false);
  });

  it("fails, and no error is left behind, where the shader is unchanged", async () => {
    const plain = await (await findAdapter({ allowSoftware: true })).adapter.requestDevice();
    const errors: string[] = [];
    plain.onuncapturederror = ({ error }) => errors.push(error.message);
    expect(await subgroupsWork(plain, 4)).toBe(false);
    expect(errors).toEqual([]);
    plain.destroy();
  });

  it.each([
    ["are another's", (text: string) => text.replaceAll("subgroupShuffleXor(own, 2u)", "subgroupShuffleXor(own, 1u)")],
    // Every second invocation follows in the driver's subgroups.
    [
      "lie apart",
      (text: string) =>
        text.replace("lid: u32) {\nlet own", "at: u32) {\nlet lid = at / 2u + at % 2u * 128u;\nlet own"),
    ],
    [
      "are one bit off in one invocation",
      (text: string) => text.replaceAll("(own,", "(own ^ select(0u, 1u, lid == 255u && id.x == 7u),"),
    ],
  ])("a device on which the neighbours %s is opened without subgroups, and says so", async (_, compiler) => {
    const unchanged: string[] = [];
    const watched = (text: string): string => {
      const compiled = compiler(text);
      if (compiled === text) unchanged.push(text);
      return compiled;
    };
    const opened = await openWebGpu({ gpu: driver(watched), allowSoftware: true });
    expect(unchanged).toEqual([]);
    expect(opened.remark).toBe("its subgroups are left unused, because they exchange wrong values");
    expect(opened.arithmeticClass).not.toMatch(/-s\d+$/);
    opened.dispose();
  });

  it("a device that exchanges right has nothing to say, and none is asked where subgroups are switched off", async () => {
    const opened = await openWebGpu({ gpu: driver((text) => text), allowSoftware: true });
    expect(opened.remark).toBeUndefined();
    expect(opened.arithmeticClass).toMatch(/-s4$/);
    opened.dispose();
    const without = await openWebGpu({ allowSoftware: true, subgroups: false });
    expect(without.arithmeticClass).not.toMatch(/-s\d+$/);
    without.dispose();
  });
});
