import { streamAccess } from "./map.ts";
import type { ReducePlan } from "./reduce-plan.ts";

/** Position of the first largest element along the only reduced axis (`axis` is undefined when it has one element). */
export function emitArgmax(plan: ReducePlan, axis: number | undefined): void {
  const code = plan.context.body;
  const [{ step }] = plan.kernel.reductions;
  const float = plan.kernel.prologue.steps[step].dtype === "float32";
  const type = float ? "f32" : "i32";
  const best = code.local(type);
  const candidate = code.local(type);
  const position = code.local("i32");
  const bestPosition = code.local("i32");
  code.i32(0).set(position);
  code.i32(0).set(bestPosition);
  if (float) code.f32(0).set(best);
  else code.i32(0).set(best);
  plan.streams.loop(axis ?? 0, axis === undefined ? 1 : plan.axes.sizes[axis], 1, () => {
    plan.prologue.emitFor(1, streamAccess(plan.streams, plan.prologueAccesses, 1), [step], ([[value]]) => {
      code
        .get(value)
        .lane(float ? "f32x4.extract_lane" : "i32x4.extract_lane", 0)
        .set(candidate);
    });
    code
      .get(candidate)
      .get(best)
      .op(float ? "f32.gt" : "i32.gt_s");
    code.get(position).op("i32.eqz").op("i32.or");
    if (float) {
      // A NaN wins unless there was one before.
      code.get(candidate).get(candidate).op("f32.ne").get(best).get(best).op("f32.eq").op("i32.and").op("i32.or");
    }
    code.if(() => code.get(candidate).set(best).get(position).set(bestPosition));
    code.get(position).i32(1).op("i32.add").set(position);
  });
  const access = streamAccess(plan.streams, plan.epilogueAccesses, 1, () => {
    code.get(bestPosition).op("i32x4.splat");
  });
  plan.epilogue.emit(1, access);
  code.release(best, candidate, position, bestPosition);
}
