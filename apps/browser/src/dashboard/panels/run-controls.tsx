import type { WatchCommand } from "@tributary/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { useDashboard, useIsOpen, useWatched } from "../watch/dashboard-context.ts";
import { factorFigure } from "../words/figures.ts";
import { LearningRateDialog } from "./learning-rate-dialog.tsx";

/** What a viewer reads who wants to steer. */
const HOW_TO_STEER =
  "Steering takes the admin token. Open the dashboard with the link that the coordinator printed when it started: the one that ends in #a= and the token.";

/** What is said once a command was taken. */
const TAKEN: Readonly<Record<WatchCommand["command"], string>> = {
  pause: "The run pauses when the open step is done.",
  resume: "The run goes on.",
  checkpoint: "A checkpoint is written; the event log says where.",
  stop: "The run ends when the open step is done, and is saved.",
  learningRateFactor: "The learning rate is another one from the next update on; the event log says which.",
};

/** Milliseconds that an answer stays. */
const ANSWER_MILLISECONDS = 15_000;

/** Pause or resume, checkpoint, learning rate, stop. Without the admin token the buttons tell how to get it. */
export function RunControls() {
  const { link } = useDashboard();
  const isAdmin = useWatched((watched) => watched.role === "admin");
  const state = useWatched((watched) => watched.progress.state);
  const isOpen = useIsOpen();
  const [words, setWords] = useState("");
  const factor = useWatched((watched) => watched.progress.learningRateFactor);
  const dialog = useRef<HTMLDialogElement>(null);
  const rateDialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const timer = setTimeout(() => setWords(""), ANSWER_MILLISECONDS);
    return () => clearTimeout(timer);
  }, [words]);
  // Nothing can be steered any more, and the badge beside says so.
  if (state === "finished") return null;
  const give = async (command: WatchCommand) => {
    const answer = await link.ask({ type: "command", command });
    setWords(answer.type === "failed" ? `${answer.message}.` : TAKEN[command.command]);
  };
  const button = (label: string, act: () => void, look = "") => (
    <button
      type="button"
      class={`tool ${look}`}
      disabled={state === "saving" || !isOpen}
      aria-disabled={isAdmin ? undefined : "true"}
      onClick={isAdmin ? act : () => setWords(HOW_TO_STEER)}
    >
      {label}
    </button>
  );
  return (
    <fieldset class="run-controls" aria-label="Steer the run">
      {state === "paused"
        ? button("Resume", () => void give({ command: "resume" }), "primary")
        : button("Pause", () => void give({ command: "pause" }))}
      {button("Checkpoint", () => void give({ command: "checkpoint" }))}
      {button(`Learning rate × ${factorFigure(factor)}`, () => rateDialog.current?.showModal())}
      {button("Stop", () => dialog.current?.showModal(), "danger")}
      <p class="controls-words small" role="status">
        {words}
      </p>
      <LearningRateDialog
        dialog={rateDialog}
        factor={factor}
        onSet={(wanted) => void give({ command: "learningRateFactor", factor: wanted })}
      />
      <StopDialog dialog={dialog} onStop={() => void give({ command: "stop", reason: "Stopped on the dashboard" })} />
    </fieldset>
  );
}

interface StopDialogProps {
  readonly dialog: { readonly current: HTMLDialogElement | null };
  readonly onStop: () => void;
}

function StopDialog({ dialog, onStop }: StopDialogProps) {
  const close = () => dialog.current?.close();
  return (
    <dialog ref={dialog} class="run-dialog" aria-labelledby="stop-title">
      <h2 id="stop-title">Stop this run?</h2>
      <p>
        The open step is finished, the model and a checkpoint are saved, and every worker is sent home. A run that was
        stopped does not go on: to have it wait, pause it.
      </p>
      <div class="dialog-buttons">
        <button type="button" onClick={close}>
          Keep training
        </button>
        <button
          type="button"
          class="danger"
          onClick={() => {
            close();
            onStop();
          }}
        >
          Stop the run
        </button>
      </div>
    </dialog>
  );
}
