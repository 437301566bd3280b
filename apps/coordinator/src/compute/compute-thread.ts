import type { MessagePort } from "node:worker_threads";
import type { ComputeReply, ComputeRequest, ComputeRequests, ComputeSetup } from "./compute-message.ts";
import { ModelInspector } from "./model-inspector.ts";
import { SampleExaminer } from "./sample-examiner.ts";
import { TensorStore } from "./tensor-store.ts";

/** What piscina hands to a compute thread: the port its whole session goes over. */
export interface ComputeThreadTask {
  readonly port: MessagePort;
}

type Output = ComputeRequests[ComputeRequest["name"]]["output"];

/**
 * A compute thread's whole session: programs are compiled once, requests served one after the other, until the port
 * closes. The socket's thread never computes.
 */
export async function serveComputePort({ port }: ComputeThreadTask): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const server = new RequestServer();
  // Requests are chained, because some of them wait for the device in between.
  let queue: Promise<void> = Promise.resolve();
  port.on("message", (request: ComputeRequest) => {
    queue = queue.then(async () => {
      const reply = await answer(server, request);
      port.postMessage(reply, "output" in reply ? transfersOf(reply.output) : []);
    });
  });
  port.on("close", () => resolve());
  await closed;
  await queue;
  server.dispose();
}

async function answer(server: RequestServer, request: ComputeRequest): Promise<ComputeReply> {
  try {
    return { output: await server.serve(request) };
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

class RequestServer {
  #store: TensorStore | null = null;
  #backend: ComputeSetup["backend"] = "auto";
  #inspector: ModelInspector | null = null;
  #examiner: SampleExaminer | null = null;

  async serve(request: ComputeRequest): Promise<Output> {
    switch (request.name) {
      case "open":
        this.#backend = request.input.backend;
        this.#store = await TensorStore.open(request.input);
        return this.#store.encode(request.input.step);
      case "check":
        return this.#opened().check(request.input);
      case "fold":
        this.#opened().fold(request.input.kind, request.input.items);
        return null;
      case "update": {
        const { step, samplesCommitted, learningRateFactor, memory } = request.input;
        return this.#opened().update(step, samplesCommitted, learningRateFactor, memory);
      }
      case "evaluate":
        return this.#opened().evaluate();
      case "snapshot":
        return this.#opened().snapshot();
      case "openInspection": {
        const store = this.#opened();
        this.#inspector = await ModelInspector.open(request.input, () => store.model);
        return null;
      }
      case "predict":
        return this.#inspecting().predict(request.input);
      case "activations":
        return this.#inspecting().activations(request.input);
      case "sample":
        return this.#inspecting().sample(request.input);
      case "judge":
        return this.#inspecting().judge(request.input.first);
      case "openExamination":
        this.#examiner = await SampleExaminer.open(request.input, this.#backend, this.#opened());
        return null;
      case "examine":
        if (this.#examiner === null) throw new Error("The programs that examine samples are not open yet");
        return this.#examiner.examine(request.input);
      default:
        return request satisfies never;
    }
  }

  dispose(): void {
    this.#examiner?.dispose();
    this.#store?.dispose();
  }

  #inspecting(): ModelInspector {
    if (this.#inspector === null) throw new Error("The programs that look inside are not open yet");
    return this.#inspector;
  }

  #opened(): TensorStore {
    if (this.#store === null) throw new Error("The run's tensors are not open yet");
    return this.#store;
  }
}

/** Memory that goes over to the other thread instead of being copied. */
function transfersOf(output: Output): ArrayBuffer[] {
  if (output === null || output instanceof Float32Array) return [];
  if (!("state" in output)) return [];
  return [output.parameters, output.state, output.buffers].flatMap(({ buffer }) =>
    buffer instanceof ArrayBuffer ? [buffer] : [],
  );
}
