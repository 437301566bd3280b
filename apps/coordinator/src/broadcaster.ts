import { TensorMemory } from "@tributary/protocol";
import type { EncodedParameters } from "./compute/compute-message.ts";
import type { WorkerSocket } from "./worker-socket.ts";

/** Encoded parameters, and the memory they are in; null: memory that is not used again. */
interface Edition {
  readonly encoded: EncodedParameters;
  readonly memory: Uint8Array | null;
  /** Frames that were given to a socket and have not gone. */
  waiting: number;
}

/**
 * Sends the parameters of the current step: encoded once, the same bytes for every worker. They lie in shared memory, which
 * the compute thread writes; it is used again for a later step once a newer one is current and nothing of it waits to go.
 */
export class Broadcaster {
  readonly #memory = new TensorMemory((byteLength) => new Uint8Array(new SharedArrayBuffer(byteLength)));
  /** Bytes of all chunk frames; the same for each step. */
  readonly byteLength: number;
  #current: Edition;

  /** @param encoded of the first step */
  constructor(encoded: EncodedParameters) {
    const [, ...chunks] = encoded.frames;
    this.byteLength = chunks.reduce((sum, frame) => sum + frame.byteLength, 0);
    this.#current = { encoded, memory: null, waiting: 0 };
  }

  /** Memory the next parameters are to be encoded into: ends in {@link publish} or {@link putBack}. */
  takeMemory(): Uint8Array {
    return this.#memory.take(this.byteLength);
  }

  putBack(memory: Uint8Array): void {
    this.#memory.giveBack(memory);
  }

  /** From now on these are the current ones. @param memory they are in */
  publish(encoded: EncodedParameters, memory: Uint8Array): void {
    const before = this.#current;
    this.#current = { encoded, memory, waiting: 0 };
    this.#retire(before);
  }

  /** @throws Error when the current parameters are of another step: a broken invariant */
  send(step: number, sockets: readonly WorkerSocket[]): void {
    const edition = this.#current;
    const { encoded } = edition;
    if (step !== encoded.step) throw new Error(`broadcaster: step ${step} is broadcast, ${encoded.step} is encoded`);
    const gone = () => {
      edition.waiting -= 1;
      this.#retire(edition);
    };
    for (const socket of sockets) {
      for (const frame of encoded.frames) {
        edition.waiting += 1;
        socket.sendFrame(frame, gone);
      }
    }
  }

  // A frame whose socket never says that it has gone keeps its memory from being used again, and nothing else.
  #retire(edition: Edition): void {
    if (edition === this.#current || edition.waiting > 0 || edition.memory === null) return;
    this.#memory.giveBack(edition.memory);
  }
}
