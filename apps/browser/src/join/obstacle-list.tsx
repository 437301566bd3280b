import { OBSTACLES, type Obstacle } from "../obstacles.ts";
import type { JoinState, PresentObstacle } from "./join-state.ts";

const WEIGHT_WORDS = { stop: "Stopped:", slow: "Please note:", note: "For your information:" } as const;

/** Which of the obstacles stand in a list; while a tab computes, what is only told stands below what it does. */
export type ObstacleChoice = "all" | "urgent" | "notes";

const WEIGHT_ORDER: Readonly<Record<Obstacle["weight"], number>> = { stop: 0, slow: 1, note: 2 };

/** What is in the way, and what to do about it, the heaviest first. */
export function ObstacleList({ state, choice }: { readonly state: JoinState; readonly choice: ObstacleChoice }) {
  const all = presentObstacles(state)
    .map((present) => ({ present, obstacle: wordsOf(present) }))
    .filter(({ obstacle }) => choice === "all" || (obstacle.weight === "note") === (choice === "notes"))
    .toSorted((a, b) => WEIGHT_ORDER[a.obstacle.weight] - WEIGHT_ORDER[b.obstacle.weight]);
  if (all.length === 0) return null;
  return (
    <ul class="obstacles" aria-label={choice === "notes" ? "Notes" : "What to know"}>
      {all.map(({ present, obstacle }) => (
        <ObstacleItem key={present.code} present={present} obstacle={obstacle} />
      ))}
    </ul>
  );
}

function presentObstacles({ phase, gpu, obstacles, end }: JoinState): readonly PresentObstacle[] {
  // What the device lacks is no matter any more, and the sentence above says the rest.
  if (phase === "ended" && end?.reason === "finished") {
    return obstacles.filter(({ code, detail }) => code === "FINISHED" && detail !== "");
  }
  // Whoever has taken over is the other tab: that it is there needs no saying again.
  const isTakenOver = obstacles.some(({ code }) => code === "TAKEN_OVER");
  const own = isTakenOver ? obstacles.filter(({ code }) => code !== "SECOND_TAB") : obstacles;
  const isBefore = phase === "loading" || phase === "consent";
  // Before the start, what the GPU lacks is known to this page alone; then the thread tells it.
  const ofGpu = isBefore && gpu !== null && "obstacle" in gpu ? [{ code: gpu.obstacle, detail: gpu.detail }] : [];
  return [...own, ...ofGpu];
}

function wordsOf({ code }: PresentObstacle): Obstacle {
  return OBSTACLES[code];
}

function ObstacleItem({
  present: { code, detail },
  obstacle: { weight, what, remedy },
}: {
  readonly present: PresentObstacle;
  readonly obstacle: Obstacle;
}) {
  // What stopped a tab is to be told to the host; of anything else, exact words are for those who look for them.
  const isOpen = weight === "stop" || code === "FINISHED";
  return (
    <li class={`card obstacle ${weight}`} data-obstacle={code} role={weight === "stop" ? "alert" : undefined}>
      <p class="what">
        <span class="visually-hidden">{WEIGHT_WORDS[weight]} </span>
        {what}.
      </p>
      <p>{remedy}</p>
      {detail !== "" && isOpen && <p class="muted detail">{detail}</p>}
      {detail !== "" && !isOpen && (
        <details class="muted detail">
          <summary>What exactly</summary>
          {detail}
        </details>
      )}
    </li>
  );
}
