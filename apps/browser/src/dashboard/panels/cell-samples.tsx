import type { JudgedSample, WatchSamples } from "@tributary/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { PixelCanvas } from "../pictures/pixel-canvas.tsx";
import { imageForm, samplePixels } from "../pictures/sample-image.ts";
import type { LookedAt } from "../state/looked-at.ts";
import { useClassName, useDashboard, useIsOpen, useWatched } from "../watch/dashboard-context.ts";
import { useOnScreen } from "../watch/visibility.ts";
import { percent, wholeNumber } from "../words/figures.ts";
import { NO_CONNECTION } from "../words/progress-words.ts";
import type { ConfusionPlace } from "./confusion.tsx";

const ASKING = "Looking for samples …";

/** Props of {@link CellSamples}. */
export interface CellSamplesProps {
  readonly place: ConfusionPlace;
  /** Of the matrix: a newer one means newer samples. */
  readonly step: number;
  readonly onLook: (looked: LookedAt) => void;
  readonly onClose: () => void;
}

/** The test samples of one cell of the confusion matrix, the surest ones first. */
export function CellSamples({ place: { label, predicted }, step, onLook, onClose }: CellSamplesProps) {
  const { link } = useDashboard();
  const cell = `${label} ${predicted}`;
  const [answered, setAnswered] = useState<{ readonly cell: string; readonly said: WatchSamples | string } | null>(
    null,
  );
  const region = useRef<HTMLElement>(null);
  const isSeen = useOnScreen(region);
  const isOpen = useIsOpen();
  useEffect(() => {
    if (!isSeen || !isOpen) return undefined;
    let isWanted = true;
    void link.ask({ type: "samples", label, predicted }).then((said) => {
      if (!isWanted) return;
      if (said.type === "samples") setAnswered({ cell, said });
      else if (said.type === "failed")
        // Samples that were found stay: they are better than the reason why there are no newer ones.
        setAnswered((before) =>
          before?.cell === cell && typeof before.said !== "string" ? before : { cell, said: `${said.message}.` },
        );
    });
    return () => {
      isWanted = false;
    };
  }, [link, cell, step, isSeen, isOpen]);
  // What was said of another cell is no answer for this one, and a reason of before none without a connection.
  const said = answered?.cell === cell && (isOpen || typeof answered.said !== "string") ? answered.said : null;
  const answer = said ?? (isOpen ? ASKING : NO_CONNECTION);
  const nameOf = useClassName();
  const title =
    label === predicted
      ? `Class ${nameOf(label)}, taken for what it is`
      : `Class ${nameOf(label)}, taken for ${nameOf(predicted)}`;
  return (
    <section class="cell-samples" aria-label={title} ref={region}>
      <div class="cell-samples-head">
        <h3>{title}</h3>
        <button type="button" class="tool" onClick={onClose}>
          Close
        </button>
      </div>
      {typeof answer === "string" ? (
        <p class="muted small" role="status">
          {answer}
        </p>
      ) : (
        <FoundSamples answer={answer} onLook={onLook} />
      )}
    </section>
  );
}

function FoundSamples({
  answer,
  onLook,
}: {
  readonly answer: WatchSamples;
  readonly onLook: (looked: LookedAt) => void;
}) {
  if (answer.samples.length === 0) {
    return (
      <p class="muted small" role="status">
        None of {wholeNumber(answer.searched)} test samples is in this cell with the parameters of step{" "}
        {wholeNumber(answer.step)}.
      </p>
    );
  }
  return (
    <>
      <ul class="samples">
        {answer.samples.map((sample) => (
          <li key={sample.index}>
            <SampleButton sample={sample} onLook={onLook} />
          </li>
        ))}
      </ul>
      <p class="muted small" role="status">
        {answer.samples.length} shown, the surest first, with the parameters of step {wholeNumber(answer.step)}. Choose
        one to look inside.
      </p>
    </>
  );
}

function SampleButton({
  sample,
  onLook,
}: {
  readonly sample: JudgedSample;
  readonly onLook: (looked: LookedAt) => void;
}) {
  const field = useWatched((watched) => watched.run.fields.find((candidate) => candidate.name === "inputs"));
  const form = imageForm(field);
  const nameOf = useClassName();
  const words = `Test sample ${sample.index}, taken for ${nameOf(sample.predicted)} with ${percent(sample.probability)}`;
  return (
    <button type="button" class="sample" onClick={() => onLook({ kind: "sample", index: sample.index })} title={words}>
      {form === null ? (
        <span class="sample-number number">{sample.index}</span>
      ) : (
        <PixelCanvas pixels={samplePixels(form, sample.inputs)} width={form.width} height={form.height} label={words} />
      )}
      <span class="small number">{percent(sample.probability, 0)}</span>
    </button>
  );
}
