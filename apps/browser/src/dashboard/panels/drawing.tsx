import type { WatchPrediction } from "@tributary/protocol";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { base64OfBytes, bytesOfBase64 } from "../pictures/base64.ts";
import { centredDigit, type GreyPicture } from "../pictures/centred-digit.ts";
import { PixelCanvas } from "../pictures/pixel-canvas.tsx";
import { type ImageForm, imageForm, samplePixels } from "../pictures/sample-image.ts";
import type { LookedAt } from "../state/looked-at.ts";
import { useClassName, useDashboard, useIsOpen, useWatched } from "../watch/dashboard-context.ts";
import { useOnScreen } from "../watch/visibility.ts";
import { percent, wholeNumber } from "../words/figures.ts";
import { NO_CONNECTION } from "../words/progress-words.ts";
import { DrawPad } from "./draw-pad.tsx";
import { Panel } from "./panel.tsx";
import { ProbabilityBars } from "./probability-bars.tsx";

/** Milliseconds between two questions while somebody draws: within what a watcher may ask in the long run. */
const ASK_MILLISECONDS = 250;

const HOW_TO_DRAW = "Draw with a finger, a pen or the mouse. The network answers after each stroke.";

/** What is asked about: the bytes of one sample, and its class if that is known. */
interface Asked {
  readonly inputs: string;
  readonly label: number | null;
}

/** Draw something and see what the network takes it for. For runs whose samples are grey pictures and whose outputs are classes. */
export function Drawing({ onLook }: { readonly onLook: (looked: LookedAt) => void }) {
  const field = useWatched((watched) => watched.run.fields.find((candidate) => candidate.name === "inputs"));
  const form = imageForm(field);
  return form === null || form.channels !== 1 || form.dtype !== "uint8" ? null : (
    <DrawingPanel form={form} onLook={onLook} />
  );
}

function DrawingPanel({ form, onLook }: { readonly form: ImageForm; readonly onLook: (looked: LookedAt) => void }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [shown, setShown] = useState<GreyPicture | null>(null);
  const place = useRef<HTMLDivElement>(null);
  const isOpen = useIsOpen();
  const { prediction, trouble } = usePrediction(asked, useOnScreen(place));
  const onDrawn = useCallback(
    (drawing: GreyPicture | null) => {
      const digit = drawing === null ? null : centredDigit(drawing, form);
      setAsked(digit === null ? null : { inputs: base64OfBytes(digit.ink), label: null });
    },
    [form],
  );
  const onSample = (inputs: string, label: number | null) => {
    setShown({ width: form.width, height: form.height, ink: bytesOfBase64(inputs) });
    setAsked({ inputs, label });
  };
  const clear = () => {
    setShown(null);
    setAsked(null);
  };
  return (
    <Panel id="drawing" title="Draw and predict">
      <div class="drawing" ref={place}>
        <div class="drawing-side">
          <DrawPad shown={shown} isEmpty={asked === null} onDrawn={onDrawn} />
          <div class="drawing-buttons">
            <button type="button" class="tool" onClick={clear}>
              Clear
            </button>
            <button
              type="button"
              class="tool"
              disabled={asked === null}
              onClick={() => asked && onLook({ kind: "own", inputs: asked.inputs })}
            >
              Look inside
            </button>
          </div>
          <SampleChoice onSample={onSample} />
        </div>
        <div class="drawing-answer">
          {asked === null ? (
            <p class="muted small">{isOpen ? HOW_TO_DRAW : NO_CONNECTION}</p>
          ) : (
            <Answer asked={asked} form={form} prediction={prediction} trouble={trouble} />
          )}
        </div>
      </div>
    </Panel>
  );
}

interface AnswerProps {
  readonly asked: Asked;
  readonly form: ImageForm;
  readonly prediction: WatchPrediction | null;
  readonly trouble: string | null;
}

function Answer({ asked, form, prediction, trouble }: AnswerProps) {
  const nameOf = useClassName();
  const isNamed = useWatched((watched) => watched.run.classNames !== null);
  const best = prediction?.probabilities?.reduce(
    (most, share, index, all) => (share > (all[most] ?? 0) ? index : most),
    0,
  );
  return (
    <>
      <p class="visually-hidden" role="status">
        {best === undefined ? "" : `Taken for ${nameOf(best)}`}
      </p>
      <div class="drawing-seen">
        <PixelCanvas
          pixels={samplePixels(form, asked.inputs)}
          width={form.width}
          height={form.height}
          label="What the network sees: the drawing, centred and scaled"
        />
        <p>
          {best === undefined ? (
            <span class="muted">{trouble ?? "…"}</span>
          ) : (
            <>
              <b class={isNamed ? "guess guess-named" : "guess number"}>{nameOf(best)}</b>
              <span class="muted small">with {percent(prediction?.probabilities?.[best], 0)}</span>
            </>
          )}
        </p>
      </div>
      {prediction?.probabilities ? (
        <ProbabilityBars probabilities={prediction.probabilities} label={asked.label} />
      ) : null}
      {prediction === null ? null : (
        <p class="muted small number">Parameters of step {wholeNumber(prediction.step)}.</p>
      )}
    </>
  );
}

/** For those who cannot draw here: a sample of the test data instead. */
function SampleChoice({ onSample }: { readonly onSample: (inputs: string, label: number | null) => void }) {
  const { link } = useDashboard();
  const count = useWatched((watched) => watched.run.testSamples);
  const offers = useWatched((watched) => watched.run.features.samples);
  const [index, setIndex] = useState(0);
  const [trouble, setTrouble] = useState("");
  if (!offers || count === 0) return null;
  const show = async (wanted: number) => {
    setIndex(wanted);
    const answer = await link.ask({ type: "sample", index: wanted });
    setTrouble(answer.type === "failed" ? `${answer.message}.` : "");
    if (answer.type === "sample") onSample(answer.sample.inputs, answer.sample.label);
  };
  return (
    <form
      class="sample-choice"
      onSubmit={(event) => {
        event.preventDefault();
        void show(index);
      }}
    >
      <label class="tool-field">
        Or test sample
        <input
          class="tool number"
          type="number"
          min={0}
          max={count - 1}
          value={index}
          onInput={(event) =>
            setIndex(Math.max(0, Math.min(count - 1, Math.floor(event.currentTarget.valueAsNumber) || 0)))
          }
        />
      </label>
      <button type="submit" class="tool">
        Show
      </button>
      <button type="button" class="tool" onClick={() => void show(Math.floor(Math.random() * count))}>
        Random
      </button>
      <span role="status" class="small">
        {trouble}
      </span>
    </form>
  );
}

/** Seconds of the run after which the same drawing is asked about again: the network has learned meanwhile. */
const AGAIN_SECONDS = 3;

/** Asks for each new input, never more often than allowed, and again as the network learns. */
function usePrediction(asked: Asked | null, isSeen: boolean) {
  const { link } = useDashboard();
  const isOpen = useIsOpen();
  const turn = useWatched(({ progress }) =>
    progress.state === "running" ? Math.floor(progress.seconds / AGAIN_SECONDS) : 0,
  );
  const [predicted, setPredicted] = useState<{ readonly of: string; readonly answer: WatchPrediction } | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const lastAsked = useRef({ atMs: 0, number: 0, answered: 0 });
  const inputs = asked?.inputs ?? null;
  // Another turn asks again.
  useEffect(() => {
    const last = lastAsked.current;
    if (inputs === null) {
      // What is still on its way belongs to a drawing that is gone.
      last.answered = last.number;
      setPredicted(null);
      setTrouble(null);
    }
    if (inputs === null || !isOpen || !isSeen) return undefined;
    const wait = Math.max(0, last.atMs + ASK_MILLISECONDS - performance.now());
    const timer = setTimeout(() => {
      last.atMs = performance.now();
      last.number += 1;
      const { number } = last;
      void link.ask({ type: "predict", inputs }).then((answer) => {
        // While somebody draws, answers to what was there a moment ago are shown as they come, but none after a newer one.
        if (number <= last.answered) return;
        if (answer.type === "prediction") {
          last.answered = number;
          setPredicted({ of: inputs, answer });
          setTrouble(null);
        } else if (answer.type === "failed" && number === last.number) setTrouble(`${answer.message}.`);
      });
    }, wait);
    return () => clearTimeout(timer);
  }, [link, inputs, isOpen, isSeen, turn]);
  // Without a connection an answer is one only for what was asked then.
  const prediction = isOpen || predicted?.of === inputs ? (predicted?.answer ?? null) : null;
  return { prediction, trouble: isOpen ? trouble : NO_CONNECTION };
}
