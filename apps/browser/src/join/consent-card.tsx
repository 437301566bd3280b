import { useId, useState } from "preact/hooks";
import { OBSTACLES } from "../obstacles.ts";
import { threadsMax } from "./browser-surroundings.ts";
import { CapControl } from "./cap-control.tsx";
import { bytesWords, countWords, dataWords, estimate } from "./estimates.ts";
import type { JoinController } from "./join-controller.ts";
import type { JoinState } from "./join-state.ts";
import { nameProblem } from "./worker-name.ts";

/** What the device will do and for whom, the choices, and the button without which nothing computes. */
export function ConsentCard({ controller }: { readonly controller: JoinController }) {
  const { state, choices } = controller;
  const [wasTried, setWasTried] = useState(false);
  const problem = nameProblem(choices.name);
  const isStopped = state.phase !== "ended" && state.obstacles.some(({ code }) => code === "OLD_BROWSER");
  const isSecond = state.obstacles.some(({ code }) => code === "SECOND_TAB");
  const begin = (how: () => void) => {
    setWasTried(true);
    if (problem === null) how();
  };
  return (
    <form
      class="card consent"
      aria-label="Taking part"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isStopped) begin(() => (isSecond ? controller.takeOver() : controller.start()));
      }}
    >
      <WhatHappens controller={controller} />
      <div class="choices">
        <NameField controller={controller} problem={wasTried ? problem : null} />
        <DeviceChoice controller={controller} />
        <CapControl controller={controller} onGpu={willUseGpu(state, choices.backend)} threadsMax={threadsMax()} />
        <p class="muted small">
          Nothing is computed before you press the button. You can pause or stop at any time, or just close the tab.
        </p>
      </div>
      <div class="buttons start">
        <button type="submit" class="primary" disabled={isStopped || state.phase === "loading"}>
          {startWords(state, isSecond)}
        </button>
        {isSecond && (
          <button type="button" onClick={() => begin(() => controller.start())}>
            Join as another worker
          </button>
        )}
      </div>
    </form>
  );
}

function startWords(state: JoinState, isSecond: boolean): string {
  if (isSecond) return "Take over here";
  return state.phase === "ended" ? "Start again" : "Start";
}

/** Whether this choice will compute on the GPU, as far as is known. */
function willUseGpu({ gpu }: JoinState, backend: string): boolean {
  return backend !== "wasm" && gpu !== null && "adapter" in gpu;
}

function WhatHappens({ controller }: { readonly controller: JoinController }) {
  const { state, choices, link } = controller;
  const { description } = state;
  const onGpu = willUseGpu(state, choices.backend);
  const { threads } = choices.cap;
  const { networkBytes, memoryBytes } = estimate(description?.parameters ?? 0, onGpu ? 1 : threads);
  return (
    <section aria-labelledby="what-happens">
      <h2 id="what-happens">What this device will do</h2>
      {description !== null && (
        <dl class="facts">
          <dt>Run</dt>
          <dd>
            {description.name}, a network of {countWords(description.parameters)} numbers
          </dd>
          <dt>Hosted at</dt>
          <dd>{link.host}</dd>
          <dt>It gets</dt>
          <dd>the network, and {dataWords(description.fields)}</dd>
          <dt>It sends</dt>
          <dd>gradients: sums of numbers that say how the network should change</dd>
          <dt>Computes on</dt>
          <dd>{computesOn(state, onGpu, threads)}</dd>
          <dt>Memory</dt>
          <dd>about {bytesWords(memoryBytes)}, and what of the data it keeps</dd>
          <dt>Network</dt>
          <dd>
            about {bytesWords(networkBytes)} a step
            {description.dataBytes !== null && `, and up to ${bytesWords(description.dataBytes)} of data once`}
          </dd>
        </dl>
      )}
      <p class="small">
        Whoever has the link sees this device's name and what it computes on; the host also sees its address in the
        network. The page reads no files and uses neither camera nor location. Computing takes power: plug a laptop or
        phone in.
      </p>
    </section>
  );
}

function computesOn({ gpu }: JoinState, onGpu: boolean, threads: number): string {
  if (onGpu && gpu !== null && "adapter" in gpu) return `the GPU (${gpu.adapter})`;
  return `the processor, on ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

function NameField({ controller, problem }: { readonly controller: JoinController; readonly problem: string | null }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>Name of this device</label>
      <input
        id={id}
        type="text"
        name="name"
        value={controller.choices.name}
        maxLength={64}
        autocomplete="off"
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : `${id}-problem`}
        onInput={(event) => controller.choose({ name: event.currentTarget.value })}
      />
      {problem !== null && (
        <p id={`${id}-problem`} class="bad small" role="alert">
          {problem}.
        </p>
      )}
    </div>
  );
}

function DeviceChoice({ controller }: { readonly controller: JoinController }) {
  const id = useId();
  const { state, choices, link } = controller;
  const { gpu } = state;
  const hasGpu = gpu !== null && "adapter" in gpu;
  if (!hasGpu && link.backend === "auto") return null;
  return (
    <div class="field">
      <label for={id}>Compute on</label>
      <select
        id={id}
        name="backend"
        value={choices.backend}
        title={hasGpu || gpu === null ? undefined : OBSTACLES[gpu.obstacle].what}
        onChange={(event) => controller.choose({ backend: choiceOf(event.currentTarget.value) })}
      >
        <option value="auto">whatever is best here</option>
        {link.backend === "webgpu" && <option value="webgpu">the GPU, even an imitated one</option>}
        <option value="wasm">the processor</option>
      </select>
    </div>
  );
}

function choiceOf(value: string): "auto" | "wasm" | "webgpu" {
  return value === "wasm" || value === "webgpu" ? value : "auto";
}
