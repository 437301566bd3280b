import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import { CoordinatorAppError } from "../errors.ts";
import type { ComputeReply, ComputeRequestName, ComputeRequests } from "./compute-message.ts";

interface Waiting {
  readonly name: ComputeRequestName;
  readonly resolve: (output: never) => void;
  readonly reject: (error: CoordinatorAppError) => void;
}

/** The socket thread's end of a compute thread: requests go out, promises come back, in order. */
export class ComputeLink {
  readonly #pool: Piscina;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: string | null = null;

  constructor() {
    this.#pool = new Piscina({
      filename: new URL("./compute-thread.ts", import.meta.url).href,
      name: "serveComputePort",
      minThreads: 1,
      maxThreads: 1,
    });
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on("message", (reply: ComputeReply) => this.#onReply(reply));
    const session: Promise<unknown> = this.#pool.run({ port: port2 }, { transferList: [port2] });
    session.then(
      () => this.#end("the compute thread has ended"),
      (error: unknown) =>
        this.#end(`the compute thread failed: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  /**
   * Asks the compute thread for something. Requests are served in the order in which they were asked for.
   * @throws CoordinatorAppError COMPUTE_FAILED
   */
  request<Name extends ComputeRequestName>(
    name: Name,
    input: ComputeRequests[Name]["input"],
  ): Promise<ComputeRequests[Name]["output"]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(new CoordinatorAppError("COMPUTE_FAILED", `${name}: ${this.#ended}`));
        return;
      }
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { name, resolve, reject });
      this.#port.postMessage({ id: this.#lastId, name, input });
    });
  }

  /** Ends the thread; what is not answered is rejected. */
  async close(): Promise<void> {
    this.#port.close();
    this.#end("the coordinator is closing");
    await this.#pool.destroy();
  }

  #onReply(reply: ComputeReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    if ("error" in reply) waiting.reject(new CoordinatorAppError("COMPUTE_FAILED", `${waiting.name}: ${reply.error}`));
    // The thread answers each request with that request's own output; the map has lost which one it was.
    else waiting.resolve(reply.output as never);
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    for (const { name, reject } of this.#waiting.values()) {
      reject(new CoordinatorAppError("COMPUTE_FAILED", `${name}: ${reason}`));
    }
    this.#waiting.clear();
  }
}
