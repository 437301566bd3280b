import { describe, expect, it } from "vitest";
import { Broadcaster } from "./broadcaster.ts";
import type { WorkerSocket } from "./worker-socket.ts";

/** A socket that keeps what it was given until it is told that it has gone. */
class SlowSocket {
  readonly frames: Uint8Array[] = [];
  readonly gone: (() => void)[] = [];
  sendFrame(frame: Uint8Array, gone: () => void): void {
    this.frames.push(frame);
    this.gone.push(gone);
  }
}

function socketOf(socket: SlowSocket): WorkerSocket {
  return socket as unknown as WorkerSocket;
}

function encoded(step: number, chunk: Uint8Array) {
  return { step, frames: [Uint8Array.of(step), chunk] };
}

describe("Broadcaster", () => {
  it("sends message and chunks of the current step to each of the workers", () => {
    const chunk = new Uint8Array(40);
    const broadcaster = new Broadcaster(encoded(0, chunk));
    const [a, b] = [new SlowSocket(), new SlowSocket()];
    broadcaster.send(0, [socketOf(a), socketOf(b)]);
    for (const { frames } of [a, b]) expect(frames).toEqual([Uint8Array.of(0), chunk]);
    expect(() => broadcaster.send(1, [])).toThrow("step 1 is broadcast, 0 is encoded");
  });

  it("uses memory again only when a newer step is current and every socket is done with it", () => {
    const broadcaster = new Broadcaster(encoded(0, new Uint8Array(40)));
    const first = broadcaster.takeMemory();
    expect(first.byteLength).toBe(40);
    broadcaster.publish(encoded(1, first), first);
    const [fast, slow] = [new SlowSocket(), new SlowSocket()];
    broadcaster.send(1, [socketOf(fast), socketOf(slow)]);
    for (const gone of fast.gone) gone();
    const second = broadcaster.takeMemory();
    expect(second.buffer).not.toBe(first.buffer);
    broadcaster.publish(encoded(2, second), second);
    expect(broadcaster.takeMemory().buffer).not.toBe(first.buffer);
    for (const gone of slow.gone) gone();
    expect(broadcaster.takeMemory().buffer).toBe(first.buffer);
    expect(broadcaster.takeMemory().buffer).not.toBe(second.buffer);
  });
});
