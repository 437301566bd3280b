import type { WatchedConfusion } from "@tributary/protocol";
import { useMemo, useRef, useState } from "preact/hooks";
import {
  type CellPosition,
  type ConfusionCell,
  cellAfterKey,
  confusionCells,
  shownClasses,
  worstMistake,
} from "../state/confusion-shades.ts";
import type { LookedAt } from "../state/looked-at.ts";
import { useClassName, useWatched } from "../watch/dashboard-context.ts";
import { percent, wholeNumber } from "../words/figures.ts";
import { CellSamples } from "./cell-samples.tsx";
import { Panel } from "./panel.tsx";

/** Rows and columns that are shown at most. */
const CLASSES_SHOWN_MAX = 20;

/** A cell of the matrix. */
export interface ConfusionPlace {
  readonly label: number;
  readonly predicted: number;
}

/** What is mistaken for what on the test data; a cell shows its samples, at first the worst mistake's. */
export function Confusion({ onLook }: { readonly onLook: (looked: LookedAt) => void }) {
  const confusion = useWatched((watched) => watched.confusion);
  const offersSamples = useWatched((watched) => watched.run.features.samples);
  const nameOf = useClassName();
  const [chosen, setChosen] = useState<ConfusionPlace | "worst" | null>("worst");
  const open =
    !offersSamples || confusion === null ? null : chosen === "worst" ? worstMistake(confusion.counts) : chosen;
  return (
    <Panel id="confusion" title="What is mistaken for what">
      {confusion === null ? (
        <p class="empty">Counted on the test data when the first epoch is over.</p>
      ) : (
        <>
          <p class="muted small">{confusionWords(confusion, nameOf, offersSamples)}</p>
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

function confusionWords(
  { counts, samples, step }: WatchedConfusion,
  nameOf: (index: number) => string,
  offersSamples: boolean,
): string {
  const right = counts.reduce((sum, row, label) => sum + (row[label] ?? 0), 0);
  const worst = worstMistake(counts);
  const most =
    worst === null
      ? ""
      : ` Most often ${nameOf(worst.label)} is taken for ${nameOf(worst.predicted)}: ${worst.count === 1 ? "once" : `${wholeNumber(worst.count)} times`}.`;
  const hint = offersSamples ? " Choose a cell to see its samples." : "";
  return `${wholeNumber(right)} of ${wholeNumber(samples)} test samples are right after step ${wholeNumber(step)}.${most}${hint}`;
}

interface MatrixProps {
  readonly confusion: WatchedConfusion;
  readonly open: ConfusionPlace | null;
  readonly onOpen: ((place: ConfusionPlace) => void) | null;
}

function Matrix({ confusion: { counts }, open, onOpen }: MatrixProps) {
  const table = useRef<HTMLTableElement>(null);
  const nameOf = useClassName();
  const isNamed = useWatched((watched) => watched.run.classNames !== null);
  const [focus, setFocus] = useState<CellPosition>({ row: 0, column: 0 });
  const { cells, classes } = useMemo(
    () => ({ cells: confusionCells(counts), classes: shownClasses(counts, CLASSES_SHOWN_MAX) }),
    [counts],
  );
  const onKey = (event: KeyboardEvent) => {
    const next = cellAfterKey(event.key, focus, classes.length);
    if (next === null) return;
    event.preventDefault();
    setFocus(next);
    table.current?.querySelector<HTMLElement>(`[data-place="${next.row} ${next.column}"]`)?.focus();
  };
  return (
    <div class="matrix-place">
      <table class={isNamed ? "matrix matrix-named number" : "matrix number"} ref={table} onKeyDown={onKey}>
        <caption>
          Rows: the class it is. Columns: the class it was taken for.
          {classes.length < counts.length
            ? ` Shown are ${classes.length} of ${counts.length}: those mixed up most.`
            : ""}
        </caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Class</span>
            </th>
            {classes.map((predicted) => (
              <th key={predicted} scope="col">
                <span class="class-name" title={nameOf(predicted)}>
                  {nameOf(predicted)}
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classes.map((label, row) => (
            <tr key={label}>
              <th scope="row">
                <span class="class-name" title={nameOf(label)}>
                  {nameOf(label)}
                </span>
              </th>
              {classes.map((predicted, column) => (
                <MatrixCell
                  key={predicted}
                  cell={cells[label]?.[predicted]}
                  place={{ label, predicted }}
                  position={{ row, column }}
                  hasFocus={focus.row === row && focus.column === column}
                  isOpen={open?.label === label && open.predicted === predicted}
                  onFocus={setFocus}
                  onOpen={onOpen}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MatrixCellProps {
  readonly cell: ConfusionCell | undefined;
  readonly place: ConfusionPlace;
  readonly position: CellPosition;
  /** Whether the Tab key comes to this cell: it comes to one of them. */
  readonly hasFocus: boolean;
  readonly isOpen: boolean;
  readonly onFocus: (position: CellPosition) => void;
  readonly onOpen: ((place: ConfusionPlace) => void) | null;
}

function MatrixCell({ cell, place, position, hasFocus, isOpen, onFocus, onOpen }: MatrixCellProps) {
  const { count = 0, share = 0, shade = 0, isRight = false } = cell ?? {};
  const nameOf = useClassName();
  const [label, predicted] = [nameOf(place.label), nameOf(place.predicted)];
  return (
    <td class={`shade-${isRight ? "right" : "wrong"}-${shade}`}>
      <button
        type="button"
        data-place={`${position.row} ${position.column}`}
        class="cell"
        tabIndex={hasFocus ? 0 : -1}
        aria-label={`${label} taken for ${predicted}: ${wholeNumber(count)}, ${percent(share)} of class ${label}`}
        aria-pressed={isOpen}
        disabled={onOpen === null}
        onFocus={() => onFocus(position)}
        onClick={() => onOpen?.(place)}
      >
        {count === 0 ? "" : wholeNumber(count)}
      </button>
    </td>
  );
}
