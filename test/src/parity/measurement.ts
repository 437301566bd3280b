import { grad, type Tensor } from "@tributary/autograd";
import type { Device, TensorData } from "@tributary/kernels";
import { bindModel, type Loss, type Optimizer, type Schedule, settleStatistics } from "@tributary/nn";
import { type Deviation, deviationOf } from "./deviation.ts";
import { Execution, type Values } from "./execution.ts";
import { type Fixture, ofKind } from "./fixture.ts";
import { BATCH_SIZE, learningRateAt } from "./learning-rate.ts";
import { elements, named, scalar, valuesOf, withKind } from "./named-tensors.ts";
import type { BuiltModule, Row, Tensors } from "./row.ts";
import { carry, STEPS, stateOf, train, updated } from "./training-steps.ts";

function sum(tensors: readonly Tensor[]): Tensor {
  return tensors.reduce((a, b) => a.add(b));
}

interface Outcome {
  readonly outputs: Tensors;
  /** Every buffer by PyTorch's name, after the step. */
  readonly buffers: Tensors;
}

function forward({ module, run }: BuiltModule, given: Tensors, training: boolean): Outcome {
  const buffers = named(given, "buffer");
  const tensors = { ...named(given, "parameter"), ...buffers };
  const { result, bufferUpdates, statistics } = bindModel(module, { tensors, training }, () =>
    run(named(given, "input")),
  );
  const settled = Object.keys(statistics).length > 0 ? settleStatistics(module, buffers, statistics) : {};
  return { outputs: result, buffers: { ...buffers, ...bufferUpdates, ...settled } };
}

/** Outputs, gradients and buffers of one forward and backward pass. */
function results(built: BuiltModule, given: Tensors, fixture: Fixture): Tensors {
  const { outputs, buffers } = forward(built, given, fixture.training);
  const cotangents = named(given, "cotangent");
  const wanted = [...ofKind(fixture, "gradient").keys()];
  const total = sum(Object.entries(cotangents).map(([name, cotangent]) => outputs[name].mul(cotangent).sum()));
  const gradients = grad(
    total,
    wanted.map((name) => given[name]),
  );
  return {
    ...withKind("output", outputs),
    ...Object.fromEntries(wanted.map((name, i) => [`gradient/${name}`, gradients[i]])),
    ...(fixture.training ? withKind("settled", buffers) : {}),
  };
}

async function once(
  device: Device,
  inputs: ReadonlyMap<string, Values>,
  body: (given: Tensors) => Tensors,
): Promise<Map<string, TensorData>> {
  const execution = await Execution.start(device, inputs, body);
  const found = await execution.run();
  execution.dispose();
  return found;
}

async function measureModule(device: Device, fixture: Fixture, build: () => BuiltModule): Promise<Deviation[]> {
  const inputs = valuesOf(fixture, "parameter", "buffer", "input", "cotangent");
  const found = await once(device, inputs, (given) => results(build(), given, fixture));
  const trained = valuesOf(fixture, "parameter");
  const fixed = valuesOf(fixture, "buffer", "input", "cotangent");
  const after = new Map<string, TensorData>();
  if (trained.size > 0) {
    const steps = await train(device, trained, fixed, (given) => {
      const { outputs, buffers } = forward(build(), given, fixture.training);
      const distances = Object.entries(named(given, "cotangent")).map(([name, target]) =>
        outputs[name].sub(target).square().mean(),
      );
      return { loss: sum(distances), buffers };
    });
    for (const name of ofKind(fixture, "after").keys()) {
      const data = steps.get(name);
      if (data !== undefined) after.set(`after/${name}`, data);
    }
  }
  return compare(fixture, new Map([...found, ...after]));
}

async function measureLoss(device: Device, fixture: Fixture, loss: Loss): Promise<Deviation[]> {
  const inputs = valuesOf(fixture, "input");
  const outputs = new Map([...inputs].filter(([name]) => name === "input/x"));
  const targets = new Map([...inputs].filter(([name]) => name !== "input/x"));
  const found = await once(device, inputs, (given) => {
    const { values, weights } = loss(given["input/x"], given["input/targets"]);
    const mean = values.sum().div(weights.sum());
    const [gradient] = grad(mean, [given["input/x"]]);
    return { "output/mean": mean, "output/samples": values, "gradient/input/x": gradient };
  });
  const after = await train(device, outputs, targets, (given) => {
    const { values, weights } = loss(given["input/x"], given["input/targets"]);
    return { loss: values.sum().div(weights.sum()), buffers: {} };
  });
  const last = after.get("input/x");
  return compare(fixture, last === undefined ? found : new Map([...found, ["after/input/x", last]]));
}

async function measureOptimizer(device: Device, fixture: Fixture, optimizer: Optimizer): Promise<Deviation[]> {
  const parameters = valuesOf(fixture, "parameter");
  const gradients = ofKind(fixture, "gradients");
  const names = [...ofKind(fixture, "parameter").keys()];
  const stepOf = (name: string, step: number): Float32Array => {
    const { data = [], shape: [steps = 1] = [] } = gradients.get(name) ?? {};
    const length = data.length / steps;
    return Float32Array.from(data).slice(step * length, (step + 1) * length);
  };
  const first = names.map((name): [string, Values] => {
    const type = parameters.get(`parameter/${name}`)?.type ?? { dtype: "float32", shape: [] };
    return [`gradient/${name}`, { type, data: stepOf(name, 0) }];
  });
  const inputs = new Map([...parameters, ...first, ...stateOf(optimizer, elements(parameters))]);
  const execution = await Execution.start(device, inputs, (given) => {
    const changes = names.map((name) => given[`gradient/${name}`]);
    const { next, state } = updated(optimizer, [...parameters.keys()], changes, given);
    return { ...next, ...state };
  });
  const after = new Map<string, number[]>(names.map((name) => [`after/parameter/${name}`, []]));
  for (let step = 0; step < STEPS; step += 1) {
    const changes = names.map((name) => stepOf(name, step));
    for (const [i, name] of names.entries()) await execution.set(`gradient/${name}`, changes[i]);
    await execution.set("gradientNorm", Float32Array.of(Math.hypot(...changes.flatMap((each) => [...each]))));
    const found = await execution.run();
    for (const name of names) after.get(`after/parameter/${name}`)?.push(...(found.get(`parameter/${name}`) ?? []));
    await carry(execution, found, step);
  }
  execution.dispose();
  return compare(fixture, new Map([...after].map(([name, data]) => [name, Float32Array.from(data)])));
}

async function measureSchedule(device: Device, fixture: Fixture, schedule: Schedule): Promise<Deviation[]> {
  const steps = fixture.tensors.get("output/rates")?.data.length ?? 0;
  const execution = await Execution.start(device, new Map([["samples", scalar(0)]]), ({ samples }) => ({
    rate: learningRateAt(schedule, samples),
  }));
  const rates: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    await execution.set("samples", Float32Array.of(step * BATCH_SIZE));
    rates.push(...((await execution.run()).get("rate") ?? []));
  }
  execution.dispose();
  return compare(fixture, new Map([["output/rates", Float32Array.from(rates)]]));
}

function compare(fixture: Fixture, found: ReadonlyMap<string, TensorData>): Deviation[] {
  const wanted = [...fixture.tensors.keys()].filter((name) => /^(output|gradient|settled|after)\//.test(name));
  const missing = wanted.find((name) => !found.has(name));
  if (missing !== undefined) throw new Error(`${fixture.name}: nothing here computes ${missing}`);
  return [...found].map(([name, data]) => deviationOf(fixture, name, data));
}

/** Runs a row on a device, and compares everything that its fixture holds. */
export function measure(device: Device, fixture: Fixture, row: Row): Promise<Deviation[]> {
  switch (row.kind) {
    case "module":
      return measureModule(device, fixture, row.build);
    case "loss":
      return measureLoss(device, fixture, row.loss);
    case "optimizer":
      return measureOptimizer(device, fixture, row.optimizer);
    case "schedule":
      return measureSchedule(device, fixture, row.schedule);
    default:
      return row satisfies never;
  }
}
