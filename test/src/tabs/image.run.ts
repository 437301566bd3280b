// LeNet on fewer digits than the example has, in small microbatches: an imitated GPU can do its share of a step soon. It has more epochs
// than anybody waits for: whoever starts it ends it.
import { defineRun, digits } from "tributary";
import example from "../../../examples/digits.run.ts";

export default defineRun({
  name: "images",
  model: example.model,
  loss: example.loss,
  metrics: example.metrics,
  optimizer: example.optimizer,
  data: digits({ train: 4_000, test: 1_000 }),
  batchSize: 64,
  microbatch: 8,
  epochs: 1_000,
});
