import { describe, expect, it } from "vitest";
import { type MachineFiles, missingVulkan } from "./vulkan.ts";

const DEBIAN_LOADER = "/usr/lib/x86_64-linux-gnu/libvulkan.so.1";
const INTEL = "/usr/share/vulkan/icd.d/intel_icd.x86_64.json";

const FOLDER = "/usr/share/vulkan/icd.d";
/** Manifests as the loader reads them: a library by its path, and one by its name. */
const X = { [INTEL]: '{"ICD": {"api_version": "1.3.2", "library_path": "./libx.so"}, "file_format_version": "1.0.0"}' };
const Y = { [INTEL]: '{"ICD": {"library_path" : "liby.so.0"}}' };

/** A machine with these files and no others. */
function machine(
  paths: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  texts: Readonly<Record<string, string>> = {},
  platform = "linux",
): MachineFiles {
  return {
    platform,
    variables,
    home: "/people/ada",
    exists: (path) => paths.includes(path),
    namesIn: (folder) =>
      paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
    textOf: (path) => texts[path] ?? null,
  };
}

describe("what is looked for before Dawn is loaded", () => {
  it("nothing where Dawn needs no Vulkan", () => {
    for (const platform of ["darwin", "win32"]) expect(missingVulkan(machine([], {}, {}, platform))).toBeNull();
  });

  it.each<[string, MachineFiles]>([
    ["the distribution's packages", machine([DEBIAN_LOADER, INTEL])],
    ["Fedora's folder for libraries", machine(["/usr/lib64/libvulkan.so.1", INTEL])],
    ["a loader that only the linker's cache knows", machine([INTEL], {}, { "/etc/ld.so.cache": "\0libvulkan.so.1\0" })],
    ["a loader in this process", machine([INTEL], {}, { "/proc/self/maps": "7f00 r-xp /opt/vk/libvulkan.so.1\n" })],
    ["a loader in LD_LIBRARY_PATH", machine(["/opt/vk/libvulkan.so.1", INTEL], { LD_LIBRARY_PATH: "/a::/opt/vk" })],
    ["NVIDIA's driver in /etc", machine([DEBIAN_LOADER, "/etc/vulkan/icd.d/nvidia_icd.json"])],
    ["a driver of this user", machine([DEBIAN_LOADER, "/people/ada/.local/share/vulkan/icd.d/own.json"])],
    ["a driver in XDG_DATA_DIRS", machine([DEBIAN_LOADER, "/nix/vulkan/icd.d/x.json"], { XDG_DATA_DIRS: "/nix:/b" })],
    [
      "a driver of the system that XDG_DATA_DIRS leaves out",
      machine([DEBIAN_LOADER, INTEL], { XDG_DATA_DIRS: "/nix" }),
    ],
    [
      "a driver that VK_ICD_FILENAMES names",
      machine([DEBIAN_LOADER, "/x/sw.json"], { VK_ICD_FILENAMES: "/x/sw.json" }),
    ],
    ["a folder that VK_DRIVER_FILES names", machine([DEBIAN_LOADER, "/x/sw.json"], { VK_DRIVER_FILES: "/y.json:/x" })],
    ["a driver whose library lies beside its manifest", machine([DEBIAN_LOADER, INTEL, `${FOLDER}/libx.so`], {}, X)],
    ["a driver whose library the linker finds", machine([DEBIAN_LOADER, INTEL, "/usr/lib/liby.so.0"], {}, Y)],
    ["a driver beside the usual ones", machine([DEBIAN_LOADER, "/x/a.json"], { VK_ADD_DRIVER_FILES: "/x/a.json" })],
  ])("finds %s", (_, files) => {
    expect(missingVulkan(files)).toBeNull();
  });

  it("says that the loader is missing, and which packages bring it", () => {
    const missing = missingVulkan(machine([INTEL], {}, { "/etc/ld.so.cache": "libc.so.6" }));
    expect(missing?.what).toBe("This machine has no Vulkan (libvulkan.so.1 is not installed)");
    expect(missing?.remedy).toMatch(/libvulkan1 .*LD_LIBRARY_PATH/);
  });

  it("says that there is no driver", () => {
    const missing = missingVulkan(machine([DEBIAN_LOADER, "/usr/share/vulkan/icd.d/README"]));
    expect(missing?.what).toMatch(/^Vulkan has no driver /);
    expect(missing?.remedy).toMatch(/mesa-vulkan-drivers.*VK_DRIVER_FILES/);
  });

  it("says that a variable names drivers that are not there, and which one the loader believes", () => {
    const variables = { VK_DRIVER_FILES: "/gone.json", VK_ICD_FILENAMES: INTEL };
    const missing = missingVulkan(machine([DEBIAN_LOADER, INTEL], variables));
    expect(missing?.what).toBe("Vulkan has no driver (VK_DRIVER_FILES names /gone.json, where there is none)");
    expect(missing?.remedy).toMatch(/^correct VK_DRIVER_FILES/);
  });

  it("says that a driver's manifest was left behind by its library", () => {
    const missing = [X, Y].map((texts) => missingVulkan(machine([DEBIAN_LOADER, INTEL], {}, texts))?.what);
    expect(missing).toEqual([
      `Vulkan has no driver (${INTEL} names ${FOLDER}/libx.so, which is not installed)`,
      `Vulkan has no driver (${INTEL} names liby.so.0, which is not installed)`,
    ]);
    expect(missingVulkan(machine([DEBIAN_LOADER, INTEL, "/etc/vulkan/icd.d/z.json"], {}, Y))).toBeNull();
  });

  it("words that become one sentence have no colon before the remedy", () => {
    const lacking = [
      machine([]),
      machine([DEBIAN_LOADER]),
      machine([DEBIAN_LOADER], { VK_ICD_FILENAMES: "/a.json:/b.json" }),
    ].map(missingVulkan);
    for (const missing of lacking) expect(missing?.what).not.toMatch(/: /);
  });
});
