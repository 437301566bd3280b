import type { Backend, Device, DeviceBuffer } from "@tributary/kernels";

/** What a watched device counts, and what a test may change about it. */
export interface DeviceWatch {
  /** Buffers and programs that were made and not disposed of. */
  held: number;
  isDisposed: boolean;
  /** Awaited before anything is written; throws to fail it. */
  beforeWrite: (buffer: DeviceBuffer) => void | Promise<void>;
  /** Called before a program is compiled; throws to fail it. */
  beforeCompile: (name: string) => void;
}

/** A device that computes as `inner` does, under the name of a backend, and is watched at it. */
export function watchedDevice(
  inner: Device,
  backend: Backend,
): { readonly device: Device; readonly watch: DeviceWatch } {
  const watch: DeviceWatch = { held: 0, isDisposed: false, beforeWrite: () => {}, beforeCompile: () => {} };
  const held = <Made extends { dispose(): void }>(made: Made): Made => {
    watch.held += 1;
    const dispose = made.dispose.bind(made);
    made.dispose = () => {
      watch.held -= 1;
      dispose();
    };
    return made;
  };
  const device: Device = {
    backend,
    arithmeticClass: inner.arithmeticClass,
    allocate: (dtype, length) => held(inner.allocate(dtype, length)),
    write: async (buffer, data, offset) => {
      await watch.beforeWrite(buffer);
      await inner.write(buffer, data, offset);
    },
    read: (buffer, offset, length) => inner.read(buffer, offset, length),
    readAll: (buffers) => inner.readAll(buffers),
    compile: async (program, options) => {
      watch.beforeCompile(program.name);
      return held(await inner.compile(program, options));
    },
    dispose: () => {
      watch.isDisposed = true;
      inner.dispose();
    },
  };
  return { device, watch };
}
