import { OBSTACLES, type Obstacle } from "../obstacles.ts";
import type { JoinState, PresentObstacle } from "./join-state.ts";

const WEIGHT_WORDS = { stop: "Stopped:", slow: "Please note:", note: "For your information:" } as const;

/** What is in the way, and what to do about it. */
export function ObstacleList({ state }: { readonly state: JoinState }) {
  const { phase, gpu, obstacles } = state;
  const isBefore = phase === "loading" || phase === "consent";
  // Before the start, what the GPU lacks is known to this page alone; then the thread tells it.
  const ofGpu = isBefore && gpu !== null && "obstacle" in gpu ? [{ code: gpu.obstacle, detail: gpu.detail }] : [];
  const all = [...obstacles, ...ofGpu];
  if (all.length === 0) return null;
  return (
    <ul class="obstacles" aria-label="What to know">
      {all.map((present) => (
        <ObstacleItem key={present.code} present={present} />
      ))}
    </ul>
  );
}

function ObstacleItem({ present: { code, detail } }: { readonly present: PresentObstacle }) {
  const { weight, what, remedy }: Obstacle = OBSTACLES[code];
  return (
    <li class={`card obstacle ${weight}`} data-obstacle={code} role={weight === "stop" ? "alert" : undefined}>
      <p class="what">
        <span class="visually-hidden">{WEIGHT_WORDS[weight]} </span>
        {what}.
      </p>
      <p>{remedy}</p>
      {detail !== "" && <p class="muted small detail">{detail}</p>}
    </li>
  );
}
