import { findAdapter } from "@tributary/kernels";
import { openTrustedDevice } from "@tributary/worker";
import { describe, expect, it } from "vitest";

/** Milliseconds: a GPU in software compiles slowly on a busy machine. */
const TIMEOUT_MS = 1_800_000;

/** Dawn stops when nobody holds these. */
const held: GPU[] = [];

/** Devices that were handed out and not given back. */
let open = 0;

/**
 * The GPU in software under the name of a real one.
 * @param compiler what becomes of the text of a shader before it is compiled: the driver under test
 */
function disguised(compiler: (code: string) => string): GPU {
  const requestAdapter = async () => {
    const { gpu, adapter } = await findAdapter({ allowSoftware: true });
    held.push(gpu);
    const requestDevice = adapter.requestDevice.bind(adapter);
    const handOut = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await requestDevice(descriptor);
      open += 1;
      void device.lost.then(() => {
        open -= 1;
      });
      const create = device.createShaderModule.bind(device);
      const value = (given: GPUShaderModuleDescriptor) => create({ ...given, code: compiler(given.code) });
      return Object.defineProperty(device, "createShaderModule", { value });
    };
    const info = {
      vendor: "acme",
      architecture: "",
      device: "Acme Rocket 3",
      description: "",
      isFallbackAdapter: false,
    };
    return Object.defineProperties(adapter, { requestDevice: { value: handOut }, info: { value: info } });
  };
  // Only an adapter is asked for.
  return { requestAdapter } as unknown as GPU;
}

// vitest.config.ts says so when there is no GPU in software.
describe.skipIf(process.env["SWIFTSHADER_FOLDER"] === undefined)(
  "a GPU before its first lease",
  { timeout: TIMEOUT_MS },
  () => {
    it("is tested, and trusted when every family of kernels computes right", async () => {
      const device = await openTrustedDevice({ gpu: disguised((code) => code) });
      expect(device.adapterName).toBe("Acme Rocket 3");
      device.dispose();
      await expect.poll(() => open).toBe(0);
    });

    it("is trusted without its subgroups when its driver compiles them wrong in kernels alone", async () => {
      // The check at opening asks only neighbours that this driver gets right: it has `own` in it.
      const wrong = (code: string) => code.replaceAll(/subgroupShuffleXor\((?!own)/g, "subgroupShuffleXor(1u ^ ");
      const device = await openTrustedDevice({ gpu: disguised(wrong) });
      expect(device.remark).toMatch(/^its subgroups are left unused, because it computes .*sums.* wrong with them$/);
      await expect.poll(() => open).toBe(1);
      device.dispose();
      await expect.poll(() => open).toBe(0);
    });

    it("is refused by name and family when its driver compiles products wrong", async () => {
      // A multiplication with addition that forgets the addition.
      const wrong = (code: string) =>
        code.replaceAll(/\bfma\(/g, "forgetful(") +
        (code.includes("fma(") ? "\nfn forgetful(a: f32, b: f32, c: f32) -> f32 { return a * b; }\n" : "");
      await expect(openTrustedDevice({ gpu: disguised(wrong) })).rejects.toMatchObject({
        code: "DEVICE_WRONG",
        message: expect.stringMatching(/^This GPU \(Acme Rocket 3\) computes .* wrong: /),
      });
      // Nobody else could give back what was opened to be tested.
      await expect.poll(() => open).toBe(0);
    });
  },
);
