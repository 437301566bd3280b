import type { WatchedConfusion } from "@tributary/protocol";
import { useRef, useState } from "preact/hooks";
import { cellAfterKey, confusionCells, worstMistake } from "../state/confusion-shades.ts";
import type { LookedAt } from "../state/looked-at.ts";
import { useWatched } from "../watch/dashboard-context.ts";
import { percent, wholeNumber } from "../words/figures.ts";
import { CellSamples } from "./cell-samples.tsx";
import { Panel } from "./panel.tsx";

/** A cell of the matrix. */
export interface ConfusionPlace {
  readonly label: number;
  readonly predicted: number;
}

/** What is mistaken for what on the test data; a cell shows its samples, at first the worst mistake's. */
export function Confusion({ onLook }: { readonly onLook: (looked: LookedAt) => void }) {
  const confusion = useWatched((watched) => watched.confusion);
  const offersSamples = useWatched((watched) => watched.run.features.samples);
  const [chosen, setChosen] = useState<ConfusionPlace | "worst" | null>("worst");
  const open =
    !offersSamples || confusion === null ? null : chosen === "worst" ? worstMistake(confusion.counts) : chosen;
  return (
    <Panel id="confusion" title="What is mistaken for what">
      {confusion === null ? (
        <p class="empty">Counted on the test data when the first epoch is over.</p>
      ) : (
        <>
          <p class="muted small">{confusionWords(confusion, offersSamples)}</p>
          <div class="confusion">
            <Matrix confusion={confusion} open={open} onOpen={offersSamples ? setChosen : null} />
            {open === null ? null : (
              <CellSamples place={open} step={confusion.step} onLook={onLook} onClose={() => setChosen(null)} />
            )}
          </div>
        </>
      )}
    </Panel>
  );
}

function confusionWords({ counts, samples, step }: WatchedConfusion, offersSamples: boolean): string {
  const right = counts.reduce((sum, row, label) => sum + (row[label] ?? 0), 0);
  const worst = worstMistake(counts);
  const most =
    worst === null
      ? ""
      : ` Most often ${worst.label} is taken for ${worst.predicted}: ${wholeNumber(worst.count)} times.`;
  const hint = offersSamples ? " Choose a cell to see its samples." : "";
  return `${wholeNumber(right)} of ${wholeNumber(samples)} test samples are right after step ${wholeNumber(step)}.${most}${hint}`;
}

interface MatrixProps {
  readonly confusion: WatchedConfusion;
  readonly open: ConfusionPlace | null;
  readonly onOpen: ((place: ConfusionPlace) => void) | null;
}

function Matrix({ confusion, open, onOpen }: MatrixProps) {
  const table = useRef<HTMLTableElement>(null);
  const [focus, setFocus] = useState<ConfusionPlace>({ label: 0, predicted: 0 });
  const cells = confusionCells(confusion.counts);
  const onKey = (event: KeyboardEvent) => {
    const next = cellAfterKey(event.key, focus, cells.length);
    if (next === null) return;
    event.preventDefault();
    setFocus(next);
    table.current?.querySelector<HTMLElement>(`[data-place="${next.label} ${next.predicted}"]`)?.focus();
  };
  return (
    <div class="matrix-place">
      <table class="matrix number" ref={table} onKeyDown={onKey}>
        <caption>Rows: the class it is. Columns: the class it was taken for.</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Class</span>
            </th>
            {cells.map((_, predicted) => (
              <th key={predicted} scope="col">
                {predicted}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.map((row, label) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              {row.map((cell, predicted) => (
                <td key={predicted} class={`shade-${cell.isRight ? "right" : "wrong"}-${cell.shade}`}>
                  <button
                    type="button"
                    data-place={`${label} ${predicted}`}
                    class="cell"
                    tabIndex={focus.label === label && focus.predicted === predicted ? 0 : -1}
                    aria-label={`${label} taken for ${predicted}: ${wholeNumber(cell.count)}, ${percent(cell.share)} of class ${label}`}
                    aria-pressed={open?.label === label && open.predicted === predicted}
                    disabled={onOpen === null}
                    onFocus={() => setFocus({ label, predicted })}
                    onClick={() => onOpen?.({ label, predicted })}
                  >
                    {cell.count === 0 ? "" : wholeNumber(cell.count)}
                  </button>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
