import type { WatchedSource } from "@tributary/protocol";

/** What the inside of the network is shown for: a test sample by its index, or inputs of one's own in base64. */
export type LookedAt =
  | { readonly kind: "sample"; readonly index: number }
  | { readonly kind: "own"; readonly inputs: string };

/** The same as the coordinator is asked for it. */
export function sourceOf(looked: LookedAt): WatchedSource {
  return looked.kind === "sample" ? { sample: looked.index } : { inputs: looked.inputs };
}
