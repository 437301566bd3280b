import { threadsMax } from "./browser-surroundings.ts";
import { CapControl } from "./cap-control.tsx";
import { bytesWords, countWords } from "./estimates.ts";
import { Figure } from "./figure.tsx";
import type { JoinController } from "./join-controller.ts";
import type { JoinState } from "./join-state.ts";
import { Sparkline } from "./sparkline.tsx";
import { rateCurve, samplesPerSecond } from "./throughput.ts";

const LOCK_WORDS = {
  held: "kept on while this tab is visible",
  off: "as the device likes",
  refused: "as the device likes",
  missing: "as the device likes",
} as const;

/** What the device does at this moment, and how to make it stop. */
export function LiveCard({ controller }: { readonly controller: JoinController }) {
  const { state } = controller;
  const nowMs = performance.now();
  const sinceMs = state.sinceMs ?? nowMs;
  // The mean of the last seconds is nothing of now once nothing is computed.
  const rate = state.phase === "training" ? samplesPerSecond(state.computed, sinceMs, nowMs) : 0;
  return (
    <section class="card live" aria-label="This device">
      <div class="live-figures">
        <div class="buttons">
          {state.phase === "paused" ? (
            <button type="button" class="primary" disabled={state.isStopping} onClick={() => controller.resume()}>
              Go on
            </button>
          ) : (
            <button type="button" disabled={state.isStopping} onClick={() => controller.pause()}>
              Pause
            </button>
          )}
          <button type="button" class="danger" disabled={state.isStopping} onClick={() => controller.stop()}>
            Stop
          </button>
        </div>
        {state.compiling !== null && (
          <progress max={state.compiling.of} value={state.compiling.ready} aria-label="Programs made ready" />
        )}
        <dl class="figures number">
          <Figure name="Steps helped" value={countWords(state.progress.steps)} />
          <Figure name="Samples a second" value={countWords(rate)} />
          <Figure name="Samples" value={countWords(state.progress.samples)} />
          <Figure name="Sent" value={bytesWords(state.progress.bytesSent)} />
          <Figure name="Received" value={bytesWords(state.progress.bytesReceived)} />
          <Figure name="Not taken" value={countWords(state.progress.rejected)} />
        </dl>
        <Sparkline values={rateCurve(state.computed, sinceMs, nowMs)} label="Samples a second in the last minute" />
      </div>
      <div class="live-settings">
        <Details controller={controller} />
        <CapControl controller={controller} onGpu={state.device?.backend === "webgpu"} threadsMax={threadsMax()} />
      </div>
    </section>
  );
}

function Details({ controller }: { readonly controller: JoinController }) {
  const { state, choices } = controller;
  return (
    <dl class="facts">
      <dt>Taking part as</dt>
      <dd>{choices.name}</dd>
      <dt>Run</dt>
      <dd>
        {state.description?.name ?? "unknown"} at {controller.link.host}
        {state.step !== null && `, step ${countWords(state.step)}`}
      </dd>
      <dt>Computes on</dt>
      <dd>{deviceWords(state)}</dd>
      <dt>Screen</dt>
      <dd>{LOCK_WORDS[state.screenLock]}</dd>
    </dl>
  );
}

function deviceWords({ device }: JoinState): string {
  if (device === null) return "…";
  if (device.backend === "webgpu") return `the GPU, ${device.adapter ?? "without a name"} (webgpu)`;
  return `the processor, ${device.threads} ${device.threads === 1 ? "thread" : "threads"} (${device.backend})`;
}
