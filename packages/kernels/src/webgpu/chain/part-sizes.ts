/** How large the parts of a chain are. */
export interface PartSizes {
  /** Parts with less work than this, in elements, leave most of a workgroup's invocations idle. */
  readonly workMin: number;
  /** Parts with more work than this are divided on, however many there are. */
  readonly workMax: number;
  /** So many parts fill a GPU. */
  readonly enough: number;
  /** Most parts of a recurrence: all run at the same time from the first turn to the last. */
  readonly recurrentMax: number;
  /** Rows of a recurrence in one part, which reads all weights in every turn: bringing them takes as long as multiplying so many rows with them. */
  readonly recurrentRows: number;
  /** So many parts of a recurrence are worth fewer rows in each. */
  readonly recurrentMin: number;
  /**
   * Most work, in elements, that one part of a recurrence does in one dispatch: a quarter of a billion products, which a weak GPU's core does in a tenth of a second. More turns
   * are a dispatch of their own.
   */
  readonly recurrentWorkMax: number;
  /** Rows (or columns) of a product in one part for which its other side is read once. */
  readonly productRowsMin: number;
}

/** Parts as are good for GPUs. */
export const GPU_PART_SIZES: PartSizes = {
  workMin: 256,
  workMax: 4096,
  enough: 256,
  recurrentMax: 128,
  recurrentRows: 8,
  recurrentMin: 8,
  recurrentWorkMax: 1 << 24,
  productRowsMin: 16,
};
