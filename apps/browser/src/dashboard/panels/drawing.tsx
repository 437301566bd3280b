import type { WatchPrediction } from "@tributary/protocol";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { base64OfBytes, bytesOfBase64 } from "../pictures/base64.ts";
import { centredDigit, type GreyPicture } from "../pictures/centred-digit.ts";
import { PixelCanvas } from "../pictures/pixel-canvas.tsx";
import { type ImageForm, imageForm, samplePixels } from "../pictures/sample-image.ts";
import type { LookedAt } from "../state/looked-at.ts";
import { useDashboard, useIsOpen, useWatched } from "../watch/dashboard-context.ts";
import { percent, wholeNumber } from "../words/figures.ts";
import { DrawPad } from "./draw-pad.tsx";
import { Panel } from "./panel.tsx";
import { ProbabilityBars } from "./probability-bars.tsx";

/** Milliseconds between two questions while somebody draws: within what a watcher may ask in the long run. */
const ASK_MILLISECONDS = 250;

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
  const { prediction, trouble } = usePrediction(asked);
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
      <div class="drawing">
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
        <div class="drawing-answer" role="status">
          {asked === null ? (
            <p class="muted small">Draw with a finger, a pen or the mouse. The network answers after each stroke.</p>
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
  const best = prediction?.probabilities?.reduce(
    (most, share, index, all) => (share > (all[most] ?? 0) ? index : most),
    0,
  );
  return (
    <>
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
              <b class="guess number">{best}</b>
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

/** Asks for each new input, never more often than allowed, and again when the parameters have changed. */
function usePrediction(asked: Asked | null) {
  const { link } = useDashboard();
  const isOpen = useIsOpen();
  const epochs = useWatched((watched) => watched.epochs.length);
  const [prediction, setPrediction] = useState<WatchPrediction | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const lastAsked = useRef(0);
  const inputs = asked?.inputs ?? null;
  useEffect(() => {
    if (inputs === null) {
      setPrediction(null);
      setTrouble(null);
    }
    if (inputs === null || !isOpen) return undefined;
    let isWanted = true;
    const wait = Math.max(0, lastAsked.current + ASK_MILLISECONDS - performance.now());
    const timer = setTimeout(() => {
      lastAsked.current = performance.now();
      void link.ask({ type: "predict", inputs }).then((answer) => {
        if (!isWanted) return;
        setTrouble(answer.type === "failed" ? `${answer.message}.` : null);
        if (answer.type === "prediction") setPrediction(answer);
      });
    }, wait);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [link, inputs, isOpen, epochs]);
  return { prediction, trouble };
}
