import { useId } from "preact/hooks";
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
  const percent = Math.round(100 * cap.share);
  const words = onGpu ? `${percent} % of the time` : `${cap.threads} of ${threadsMax}`;
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
        value={onGpu ? percent : cap.threads}
        disabled={!onGpu && threadsMax === 1}
        aria-valuetext={words}
        onInput={(event) => {
          const value = event.currentTarget.valueAsNumber;
          controller.choose({ cap: onGpu ? { ...cap, share: value / 100 } : { ...cap, threads: value } });
        }}
      />
    </div>
  );
}
