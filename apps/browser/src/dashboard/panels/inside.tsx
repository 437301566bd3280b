import type { TestSample, WatchActivations } from "@tributary/protocol";
import { useEffect, useRef, useState } from "preact/hooks";
import { PixelCanvas } from "../pictures/pixel-canvas.tsx";
import { imageForm, samplePixels } from "../pictures/sample-image.ts";
import { type LookedAt, sourceOf } from "../state/looked-at.ts";
import { useClassName, useDashboard, useIsOpen, useWatched } from "../watch/dashboard-context.ts";
import { prefersReducedMotion, useOnScreen } from "../watch/visibility.ts";
import { wholeNumber } from "../words/figures.ts";
import { NO_CONNECTION } from "../words/progress-words.ts";
import { LayerList } from "./layer-list.tsx";
import { Panel } from "./panel.tsx";
import { ProbabilityBars } from "./probability-bars.tsx";

/** Props of {@link Inside}. */
export interface InsideProps {
  readonly looked: LookedAt;
  readonly onLook: (looked: LookedAt) => void;
}

/** What stands there before the first answer. */
const ASKING = "Asking the coordinator what the layers make of the sample …";

const OVER = "The coordinator has ended with the run, so that its model can no longer be looked into from here.";

/** What every layer makes of one sample, live as the network learns. */
export function Inside({ looked, onLook }: InsideProps) {
  const place = useRef<HTMLDivElement>(null);
  const isSeen = useOnScreen(place);
  const [isPlaying, setPlaying] = useState(() => !prefersReducedMotion());
  const isOpen = useIsOpen();
  const isOver = useWatched((watched) => watched.progress.state === "finished");
  const { activations: latest, trouble } = useActivations(looked, isPlaying, isSeen);
  // Without a connection the last answer stays, unless something else is looked at.
  const activations = isOpen || latest?.sample === (looked.kind === "sample" ? looked.index : null) ? latest : null;
  const sample = useTestSample(looked, isSeen);
  return (
    <Panel
      id="inside"
      title="Inside the network"
      tools={<InsideTools looked={looked} onLook={onLook} isPlaying={isPlaying} onPlay={setPlaying} />}
    >
      <div ref={place}>
        {activations === null ? (
          <p class="empty">{isOpen ? (trouble ?? ASKING) : isOver ? OVER : NO_CONNECTION}</p>
        ) : (
          <div class="inside">
            <div class="inside-sample">
              <SampleFigure looked={looked} sample={sample} />
              {activations.probabilities === null ? null : (
                <ProbabilityBars probabilities={activations.probabilities} label={sample?.label ?? null} />
              )}
              <p class="muted small">
                Parameters of step {wholeNumber(activations.step)}.{trouble === null ? "" : ` ${trouble}`}
              </p>
            </div>
            <LayerList layers={activations.layers} />
          </div>
        )}
      </div>
    </Panel>
  );
}

interface InsideToolsProps extends InsideProps {
  readonly isPlaying: boolean;
  readonly onPlay: (isPlaying: boolean) => void;
}

function InsideTools({ looked, onLook, isPlaying, onPlay }: InsideToolsProps) {
  // What is not to be had any more cannot be chosen.
  const isOpen = useIsOpen();
  const count = useWatched((watched) => watched.run.testSamples);
  const index = looked.kind === "sample" ? looked.index : 0;
  const go = (to: number) => onLook({ kind: "sample", index: count === 0 ? 0 : (to + count) % count });
  return (
    <>
      <button type="button" class="tool" disabled={!isOpen} onClick={() => go(index - 1)}>
        Previous
      </button>
      <button type="button" class="tool" disabled={!isOpen} onClick={() => go(index + 1)}>
        Next
      </button>
      <button
        type="button"
        class="tool"
        disabled={!isOpen}
        onClick={() => go(Math.floor(Math.random() * Math.max(1, count)))}
      >
        Random
      </button>
      <button type="button" class="tool" disabled={!isOpen} aria-pressed={isPlaying} onClick={() => onPlay(!isPlaying)}>
        Follow live
      </button>
    </>
  );
}

function SampleFigure({ looked, sample }: { readonly looked: LookedAt; readonly sample: TestSample | null }) {
  const field = useWatched((watched) => watched.run.fields.find((candidate) => candidate.name === "inputs"));
  const form = imageForm(field);
  const inputs = looked.kind === "own" ? looked.inputs : sample?.inputs;
  const nameOf = useClassName();
  const label = sample?.label ?? null;
  const words =
    looked.kind === "own"
      ? "Your drawing"
      : `Test sample ${looked.index}${label === null ? "" : `, class ${nameOf(label)}`}`;
  return (
    <figure class="sample-figure">
      {form === null || inputs === undefined ? null : (
        <PixelCanvas pixels={samplePixels(form, inputs)} width={form.width} height={form.height} label={words} />
      )}
      <figcaption class="small">{words}</figcaption>
    </figure>
  );
}

/** Follows the sample while somebody looks; asks once when it is to hold still. */
function useActivations(looked: LookedAt, isPlaying: boolean, isSeen: boolean) {
  const dashboard = useDashboard();
  const isOpen = useIsOpen();
  const [activations, setActivations] = useState<WatchActivations | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const key = looked.kind === "sample" ? `sample ${looked.index}` : looked.inputs;
  useEffect(() => {
    if (!isOpen || !isSeen) return undefined;
    let isWanted = true;
    const take = (message: WatchActivations) => {
      if (!isWanted) return;
      setTrouble(null);
      setActivations(message);
    };
    const end = isPlaying ? dashboard.onActivations(take) : () => {};
    const source = sourceOf(looked);
    void dashboard.link.ask(isPlaying ? { type: "follow", source } : { type: "activations", source }).then((answer) => {
      if (!isWanted) return;
      if (answer.type === "activations") take(answer);
      else if (answer.type === "failed") setTrouble(`${answer.message}.`);
    });
    return () => {
      isWanted = false;
      end();
      if (isPlaying) void dashboard.link.ask({ type: "follow", source: null });
    };
  }, [dashboard, key, isPlaying, isSeen, isOpen]);
  return { activations, trouble };
}

/** The test sample itself, once for each that is looked at. */
function useTestSample(looked: LookedAt, isSeen: boolean): TestSample | null {
  const { link } = useDashboard();
  const isOpen = useIsOpen();
  const [sample, setSample] = useState<TestSample | null>(null);
  const index = looked.kind === "sample" ? looked.index : null;
  const isHere = sample !== null && sample.index === index;
  useEffect(() => {
    if (index === null || isHere || !isOpen || !isSeen) return undefined;
    let isWanted = true;
    void link.ask({ type: "sample", index }).then((answer) => {
      if (isWanted && answer.type === "sample") setSample(answer.sample);
    });
    return () => {
      isWanted = false;
    };
  }, [link, index, isHere, isOpen, isSeen]);
  return isHere ? sample : null;
}
