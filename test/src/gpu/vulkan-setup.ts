import { constants } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** glibc's RTLD_NODELETE: the library stays, although it is none that Node knows what to do with. */
const RTLD_NODELETE = 0x1000;

/**
 * Lets WebGPU in this process, and in those it starts, run on SwiftShader, the Vulkan in software that comes with
 * Chromium: its loader is in no folder where libraries are looked for. Folder in SWIFTSHADER_FOLDER, as vitest.config.ts found it.
 */
const folder = process.env["SWIFTSHADER_FOLDER"];
if (folder !== undefined) {
  process.env["VK_ICD_FILENAMES"] ??= join(folder, "vk_swiftshader_icd.json");
  process.env["LD_LIBRARY_PATH"] = [folder, process.env["LD_LIBRARY_PATH"]].filter(Boolean).join(":");
  try {
    process.dlopen({ exports: {} }, join(folder, "libvulkan.so.1"), constants.dlopen.RTLD_NOW | RTLD_NODELETE);
  } catch {
    // It is loaded now, and found by its name; Node only misses an entry point of its own in it.
  }
}
