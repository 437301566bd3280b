/** What came of the coordinator's own computation of samples that workers failed on. */
export type Finding =
  /** Every value is finite. `norm`: Euclidean norm of the gradient summed over the samples; 0 for an evaluation. */
  | { readonly verdict: "usable"; readonly norm: number }
  | { readonly verdict: "notFinite" }
  /** It went wrong here as well. `detail`: in words, for people. */
  | { readonly verdict: "failed"; readonly detail: string }
  /** It says nothing about the samples: they do not fit into memory, or something is not there. `detail`: in words, for people. */
  | { readonly verdict: "unable"; readonly detail: string };
