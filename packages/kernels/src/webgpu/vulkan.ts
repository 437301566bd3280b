/** What of a machine says whether it has Vulkan, by which Dawn reaches GPUs on Linux. */
export interface MachineFiles {
  /** As `process.platform` names it. */
  readonly platform: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. */
  readonly home: string;
  readonly exists: (path: string) => boolean;
  /** Names in a folder; none where there is no such folder. */
  readonly namesIn: (folder: string) => readonly string[];
  /** The bytes of a file as letters of Latin 1; null where there is none that can be read. */
  readonly textOf: (path: string) => string | null;
}

/** Why there is no Vulkan, in two parts of one sentence. */
export interface MissingVulkan {
  /** "This machine has no ...", without a colon. */
  readonly what: string;
  /** "install ...". */
  readonly remedy: string;
}

const LOADER = "libvulkan.so.1";

/** Where the dynamic linker knows libraries from, beside its folders (ld.so(8)). */
const LINKER_CACHE = "/etc/ld.so.cache";
/** What is mapped into this process: a loader that is there already will be taken. */
const PROCESS_MAP = "/proc/self/maps";

/** Folders that the dynamic linker searches by itself, and those that distributions add to them. */
const LIBRARY_FOLDERS = [
  ...["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"],
  ...["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu"],
  "/run/opengl-driver/lib",
];

/** Variables that name the drivers in place of the folders; the first one that is set counts. */
const DRIVER_VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/** Below each of these, drivers stand in vulkan/icd.d. */
const DRIVER_ROOTS = ["/etc", "/usr/local/etc", "/run/opengl-driver/share", "/run/opengl-driver-32/share"];

/**
 * Looks for what Dawn needs on Linux before it is loaded: without it Dawn finds no GPU, and writes to standard error from its own
 * code. Rather finds something that is of no use than misses something: Dawn itself has the last word.
 * Source: Khronos, "Driver interface to the Vulkan loader" (folders of drivers on Linux), and ld.so(8).
 * @param files null: nothing is known of the machine @returns null where Dawn may be asked; always so on other systems, where it needs no Vulkan
 */
export function missingVulkan(files: MachineFiles | null): MissingVulkan | null {
  if (files?.platform !== "linux") return null;
  if (!isLibraryHere(files, LOADER)) {
    return {
      what: `This machine has no Vulkan (${LOADER} is not installed)`,
      remedy:
        "install libvulkan1 (Debian, Ubuntu) or vulkan-loader (Fedora, Arch: vulkan-icd-loader) and the driver of the graphics card, or, if it lies " +
        "elsewhere, name its folder in LD_LIBRARY_PATH",
    };
  }
  const variable = DRIVER_VARIABLES.find((name) => pathsOf(files, name).length > 0);
  if (variable !== undefined) {
    return missingDriver(files, pathsOf(files, variable), {
      what: `Vulkan has no driver (${variable} names ${files.variables[variable]}, where there is none)`,
      remedy: `correct ${variable}, or unset it to have the usual folders searched`,
    });
  }
  return missingDriver(files, [...driverFolders(files), ...pathsOf(files, "VK_ADD_DRIVER_FILES")], {
    what: "Vulkan has no driver (there is no .json file in /usr/share/vulkan/icd.d or the other folders for drivers)",
    remedy:
      "install the driver of the graphics card (Debian, Ubuntu, Fedora: mesa-vulkan-drivers, or NVIDIA's own), or name its .json file in " +
      "VK_DRIVER_FILES",
  });
}

/** Looks for a driver among manifests and folders of them. @param none what is missing where there is no manifest at all */
function missingDriver(files: MachineFiles, places: readonly string[], none: MissingVulkan): MissingVulkan | null {
  const manifests = places.flatMap((place) => manifestsAt(files, place));
  const [first] = manifests;
  if (first === undefined) return none;
  const isUsable = (path: string) => {
    const library = libraryOf(files, path);
    return library === null || isLibraryHere(files, library);
  };
  if (manifests.some(isUsable)) return null;
  return {
    what: `Vulkan has no driver (${first} names ${libraryOf(files, first)}, which is not installed)`,
    remedy: "install the driver of the graphics card that it belongs to",
  };
}

/** Whether the dynamic linker finds a library, as far as that can be told without loading it. */
function isLibraryHere(files: MachineFiles, library: string): boolean {
  if (library.includes("/")) return files.exists(library);
  const folders = [...pathsOf(files, "LD_LIBRARY_PATH"), ...LIBRARY_FOLDERS];
  return (
    folders.some((folder) => files.exists(`${folder}/${library}`)) ||
    [LINKER_CACHE, PROCESS_MAP].some((path) => files.textOf(path)?.includes(library) === true)
  );
}

/** Folders in which the loader looks for drivers. */
function driverFolders(files: MachineFiles): string[] {
  const { home } = files;
  const listed = (variable: string, otherwise: readonly string[]) => {
    const paths = pathsOf(files, variable);
    return paths.length > 0 ? paths : otherwise;
  };
  const roots = [
    ...listed("XDG_CONFIG_HOME", [`${home}/.config`]),
    ...listed("XDG_CONFIG_DIRS", ["/etc/xdg"]),
    ...listed("XDG_DATA_HOME", [`${home}/.local/share`]),
    ...listed("XDG_DATA_DIRS", []),
    // Searched without the variable; with one that leaves them out, drivers of the system lie there all the same.
    ...["/usr/local/share", "/usr/share"],
    ...DRIVER_ROOTS,
  ];
  return roots.map((root) => `${root}/vulkan/icd.d`);
}

/** The drivers' manifests at a path, which is one of them or a folder. */
function manifestsAt(files: MachineFiles, path: string): string[] {
  if (path.endsWith(".json")) return files.exists(path) ? [path] : [];
  return files
    .namesIn(path)
    .filter((name) => name.endsWith(".json"))
    .map((name) => `${path}/${name}`);
}

/** The library that a manifest names: a path from its own folder, or a name that the linker looks up. Null: it cannot be read. */
function libraryOf(files: MachineFiles, manifest: string): string | null {
  const path = /"library_path"\s*:\s*"([^"\\]+)"/.exec(files.textOf(manifest) ?? "")?.[1];
  if (path === undefined) return null;
  return path.includes("/") ? pathFrom(manifest, path) : path;
}

/** A path as it is written in a file: from the file's own folder, unless it begins at the root. */
function pathFrom(file: string, path: string): string {
  const parts: string[] = path.startsWith("/") ? [] : file.split("/").slice(1, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/** The paths of a variable, which stand between colons. */
function pathsOf({ variables }: MachineFiles, variable: string): string[] {
  return (variables[variable] ?? "").split(":").filter((path) => path !== "");
}

/** Files and variables of this very machine; null where they cannot be seen, as in a browser. */
export function thisMachine(): MachineFiles | null {
  if (typeof process === "undefined") return null;
  const files = process.getBuiltinModule?.("node:fs");
  if (files === undefined) return null;
  const readOr = <Result>(otherwise: Result, read: () => Result): Result => {
    try {
      return read();
    } catch {
      return otherwise;
    }
  };
  return {
    platform: process.platform ?? "",
    variables: process.env ?? {},
    home: process.env?.["HOME"] ?? "",
    exists: (path) => files.existsSync(path),
    namesIn: (folder) => readOr<readonly string[]>([], () => files.readdirSync(folder)),
    textOf: (path) => readOr(null, () => files.readFileSync(path, "latin1")),
  };
}
