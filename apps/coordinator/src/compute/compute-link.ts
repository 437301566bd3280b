import { MessageChannel, type MessagePort } from "node:worker_threads";
import { AnswerQueue } from "@tributary/protocol";
import { Piscina } from "piscina";
import { CoordinatorAppError } from "../errors.ts";
import type { ComputeReply, ComputeRequestName, ComputeRequests } from "./compute-message.ts";

type Output = ComputeRequests[ComputeRequestName]["output"];

/** The socket thread's end of a compute thread: requests go out, promises come back, in order. */
export class ComputeLink {
  readonly #pool: Piscina;
  readonly #port: MessagePort;
  readonly #answers = new AnswerQueue<Output>();

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
  async request<Name extends ComputeRequestName>(
    name: Name,
    input: ComputeRequests[Name]["input"],
  ): Promise<ComputeRequests[Name]["output"]> {
    try {
      // The thread answers each request with the output of that request's own kind.
      return await this.#answers.ask(() => this.#port.postMessage({ name, input }));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CoordinatorAppError("COMPUTE_FAILED", `${name}: ${why}`, { cause });
    }
  }

  /** Ends the thread; what is not answered is rejected. */
  async close(): Promise<void> {
    this.#port.close();
    this.#end("the coordinator is closing");
    await this.#pool.destroy();
  }

  #onReply(reply: ComputeReply): void {
    if ("error" in reply) this.#answers.refuse(new Error(reply.error));
    else this.#answers.answer(reply.output);
  }

  #end(reason: string): void {
    this.#answers.end(new Error(reason));
  }
}
