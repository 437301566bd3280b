// Asks the package webgpu which GPU there is: `node gpu-probe.ts` prints one line of JSON, {"state": "missing" | "none" | "found", ...}. In a process of its own,
// because drivers may crash while they are asked.

/** In a variable: the package is optional, and its types too. */
const NODE_PACKAGE: string = "webgpu";

function tell(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function probe(): Promise<void> {
  let dawn: unknown;
  try {
    dawn = await import(NODE_PACKAGE);
  } catch {
    tell({ state: "missing" });
    return;
  }
  if (typeof dawn !== "object" || dawn === null || !("create" in dawn) || typeof dawn.create !== "function") {
    tell({ state: "missing" });
    return;
  }
  const adapter = await dawn.create([]).requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) {
    tell({ state: "none" });
    return;
  }
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  tell({ state: "found", vendor, architecture, device, description, isFallbackAdapter });
}

await probe();
// Dawn's own threads would keep the process alive.
process.exit(0);
