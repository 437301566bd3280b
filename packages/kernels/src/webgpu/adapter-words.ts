/** What of GPUAdapterInfo says which adapter it is. */
export type AdapterInfo = Pick<GPUAdapterInfo, "vendor" | "architecture" | "device" | "description"> & {
  /** Missing in browsers from before 2025. */
  readonly isFallbackAdapter?: boolean;
};

/** Names of what computes on the CPU: Google's, Mesa's two, Microsoft's WARP under its three names. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|\bwarp\b|basic render/i;

/** Whether an adapter computes on the CPU: then the wasm backend is faster. */
export function isSoftwareAdapter(info: AdapterInfo): boolean {
  if (info.isFallbackAdapter === true) return true;
  return [info.vendor, info.architecture, info.device, info.description].some((part) => SOFTWARE.test(part));
}

/** An adapter's name for people, of what the platform tells: browsers keep much of it to themselves. */
export function adapterWords(info: AdapterInfo): string {
  const named = [info.device, info.description].find(isName);
  if (named !== undefined) return named.trim();
  const kind = [info.vendor, info.architecture].map((part) => part.trim()).filter((part) => part !== "");
  return kind.length === 0 ? "a GPU without a name" : kind.join(" ");
}

/** Not a number of a device, such as 0x2684, nor a driver's version. */
function isName(text: string): boolean {
  return /\p{L}{3}/u.test(text) && !/^(0x)?[0-9a-f]+$/i.test(text.trim()) && !/driver/i.test(text);
}
