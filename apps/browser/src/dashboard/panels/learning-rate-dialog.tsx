import { WATCH_LEARNING_RATE_FACTOR_MAX } from "@tributary/protocol";
import { useId, useState } from "preact/hooks";
import { factorFigure, wholeNumber } from "../words/figures.ts";
import { parseFactor } from "../words/learning-rate-factor.ts";

/** What people do with a learning rate: smaller when the loss swings, larger when it creeps, and back. */
const PRESETS = [
  { label: "÷ 10", apply: (factor: number) => factor / 10 },
  { label: "÷ 2", apply: (factor: number) => factor / 2 },
  { label: "× 2", apply: (factor: number) => factor * 2 },
  { label: "As scheduled", apply: () => 1 },
] as const;

/** Props of {@link LearningRateDialog}. */
export interface LearningRateDialogProps {
  readonly dialog: { current: HTMLDialogElement | null };
  /** The present one. */
  readonly factor: number;
  readonly onSet: (factor: number) => void;
}

/** Asks for a factor of the learning rate. What is typed is checked before it is sent. */
export function LearningRateDialog({ dialog, factor, onSet }: LearningRateDialogProps) {
  const id = useId();
  const [draft, setDraft] = useState<string | null>(null);
  const [trouble, setTrouble] = useState("");
  const text = draft ?? factorFigure(factor);
  const write = (next: string) => {
    setDraft(next);
    setTrouble("");
  };
  const close = () => dialog.current?.close();
  const set = () => {
    const wanted = parseFactor(text);
    if (wanted === null) {
      setTrouble(`Give a number above 0 and of at most ${wholeNumber(WATCH_LEARNING_RATE_FACTOR_MAX)}, such as 0.5.`);
      return;
    }
    close();
    onSet(wanted);
  };
  return (
    <dialog
      ref={dialog}
      class="run-dialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-words`}
      // Closed by whatever way, it begins with the present factor the next time.
      onClose={() => {
        setDraft(null);
        setTrouble("");
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set();
        }}
      >
        <h2 id={`${id}-title`}>Learning rate</h2>
        <p id={`${id}-words`}>
          The learning rate of the run's schedule is multiplied by this from the next update on, until it is changed
          again. At present: ×{"\u00a0"}
          {factorFigure(factor)}.
        </p>
        <label for={`${id}-factor`}>Factor</label>
        <input
          id={`${id}-factor`}
          class="factor number"
          type="text"
          inputMode="decimal"
          autocomplete="off"
          value={text}
          aria-invalid={trouble !== ""}
          aria-describedby={trouble === "" ? undefined : `${id}-trouble`}
          onInput={(event) => write(event.currentTarget.value)}
        />
        <div class="factor-presets">
          {PRESETS.map(({ label, apply }) => (
            <button
              key={label}
              type="button"
              class="tool"
              onClick={() => write(factorFigure(apply(parseFactor(text) ?? factor)))}
            >
              {label}
            </button>
          ))}
        </div>
        <p id={`${id}-trouble`} class="bad small factor-trouble" role="alert">
          {trouble}
        </p>
        <div class="dialog-buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Set
          </button>
        </div>
      </form>
    </dialog>
  );
}
