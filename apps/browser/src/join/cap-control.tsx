import { useId, useState } from "preact/hooks";
import type { JoinController } from "./join-controller.ts";

/** Parts of the GPU's time that can be chosen, in percent. */
const SHARE_STEP = 10;

/** How much of the device may be used: part of the GPU's time, or a number of threads. */
export function CapControl({
  controller,
  onGpu,
  threadsMax,
}: {
  readonly controller: JoinController;
  readonly onGpu: boolean;
  readonly threadsMax: number;
}) {
  const id = useId();
  const { cap } = controller.choices;
  // Shown while the handle is dragged; chosen when it is let go: another number of threads takes a new beginning.
  const [draft, setDraft] = useState<number | null>(null);
  const value = draft ?? (onGpu ? Math.round(100 * cap.share) : cap.threads);
  const words = onGpu ? `${value} % of the time` : `${value} of ${threadsMax}`;
  return (
    <div class="field">
      <label for={id}>
        {onGpu ? "Use the GPU for" : "Threads of the processor"} <span class="value">{words}</span>
      </label>
      <input
        id={id}
        type="range"
        name={onGpu ? "share" : "threads"}
        min={onGpu ? SHARE_STEP : 1}
        max={onGpu ? 100 : threadsMax}
        step={onGpu ? SHARE_STEP : 1}
        value={value}
        disabled={!onGpu && threadsMax === 1}
        aria-valuetext={words}
        onInput={(event) => setDraft(event.currentTarget.valueAsNumber)}
        onChange={(event) => {
          const chosen = event.currentTarget.valueAsNumber;
          setDraft(null);
          controller.choose({ cap: onGpu ? { ...cap, share: chosen / 100 } : { ...cap, threads: chosen } });
        }}
      />
    </div>
  );
}
