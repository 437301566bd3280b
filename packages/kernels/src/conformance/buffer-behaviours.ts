import { DTYPES } from "@tributary/program";
import type { Device } from "../device.ts";
import { bufferWith, type DeviceBehaviour, dataOf, expectCode, expectElements } from "./behaviour.ts";

/** Elements that survive in every dtype. */
const ELEMENTS = [0, 1, 1, 0, 1];
const LEAK_TURNS = 3000;
const LEAK_BYTES = 2 ** 21;

async function zeroAtFirst(device: Device): Promise<void> {
  for (const dtype of DTYPES) {
    for (const length of [0, 1, 65]) {
      // What was there before must not show through.
      const old = await bufferWith(
        device,
        dtype,
        Array.from({ length }, () => 1),
      );
      old.dispose();
      const buffer = device.allocate(dtype, length);
      if (buffer.dtype !== dtype || buffer.length !== length) throw new Error(`The buffer of ${dtype} says otherwise`);
      await expectElements(
        device,
        buffer,
        Array.from({ length }, () => 0),
      );
      buffer.dispose();
    }
  }
}

async function copies(device: Device): Promise<void> {
  for (const dtype of DTYPES) {
    const data = dataOf(dtype, ELEMENTS);
    const buffer = device.allocate(dtype, data.length);
    await device.write(buffer, data);
    data.fill(0);
    await expectElements(device, buffer, ELEMENTS);
    const read = await device.read(buffer);
    if (read.constructor !== data.constructor) throw new Error(`${dtype} is read as a ${read.constructor.name}`);
    read.fill(0);
    await expectElements(device, buffer, ELEMENTS);
    buffer.dispose();
  }
}

async function sharedMemory(device: Device): Promise<void> {
  // A page that is not isolated from others has none.
  if (typeof SharedArrayBuffer === "undefined") return;
  const data = new Float32Array(new SharedArrayBuffer(12));
  data.set([1, 2, 3]);
  const buffer = device.allocate("float32", 3);
  await device.write(buffer, data);
  await expectElements(device, buffer, [1, 2, 3]);
  await device.write(buffer, data.subarray(2), 1);
  await expectElements(device, buffer, [1, 3, 3]);
  buffer.dispose();
}

async function readsTogether(device: Device): Promise<void> {
  const buffers = await Promise.all(DTYPES.map((dtype) => bufferWith(device, dtype, ELEMENTS)));
  const read = await device.readAll(buffers);
  for (const [index, dtype] of DTYPES.entries()) {
    const found = read[index];
    if (found.constructor !== dataOf(dtype, []).constructor || String([...found]) !== String(ELEMENTS)) {
      throw new Error(`Among others ${dtype} is read as ${found.constructor.name} [${[...found]}]`);
    }
  }
  if ((await device.readAll([])).length !== 0) throw new Error("Reading no buffer must give nothing");
  for (const buffer of buffers) buffer.dispose();
  await expectCode("BUFFER_DISPOSED", () => device.readAll(buffers));
}

async function offsets(device: Device): Promise<void> {
  for (const dtype of DTYPES) {
    const buffer = await bufferWith(device, dtype, [1, 1, 1, 1, 1, 1, 1]);
    const neighbour = await bufferWith(device, dtype, [1, 1, 1]);
    await device.write(buffer, dataOf(dtype, [0, 0]), 3);
    await device.write(buffer, dataOf(dtype, [0]), 6);
    await device.write(buffer, dataOf(dtype, []), 7);
    await expectElements(device, buffer, [1, 1, 1, 0, 0, 1, 0]);
    await expectElements(device, neighbour, [1, 1, 1]);
    const part = await device.read(buffer, 2, 2);
    const rest = await device.read(buffer, 5);
    if (String([...part]) !== "1,0" || String([...rest]) !== "1,0") throw new Error(`Read [${part}] and [${rest}]`);
    if ((await device.read(buffer, 7)).length !== 0) throw new Error("Reading from the end must give nothing");
    buffer.dispose();
    neighbour.dispose();
  }
}

async function wrongCalls(device: Device): Promise<void> {
  const buffer = device.allocate("float32", 5);
  await expectCode("RANGE_OUTSIDE_BUFFER", () => device.write(buffer, new Float32Array(6)));
  await expectCode("RANGE_OUTSIDE_BUFFER", () => device.write(buffer, new Float32Array(2), 4));
  await expectCode("RANGE_OUTSIDE_BUFFER", () => device.read(buffer, 3, 3));
  await expectCode("LENGTH_INVALID", () => device.read(buffer, -1, 1));
  await expectCode("LENGTH_INVALID", () => device.read(buffer, 0, 1.5));
  await expectCode("LENGTH_INVALID", () => device.allocate("float32", -1));
  await expectCode("LENGTH_INVALID", () => device.allocate("float32", Number.NaN));
  await expectCode("DATA_MISMATCH", () => device.write(buffer, new Int32Array(5)));
  await expectElements(device, buffer, [0, 0, 0, 0, 0]);
  buffer.dispose();
  await expectCode("BUFFER_DISPOSED", () => device.read(buffer));
  await expectCode("BUFFER_DISPOSED", () => device.write(buffer, new Float32Array(1)));
  // Disposing twice does nothing, so that owners need not agree.
  buffer.dispose();
}

async function foreignBuffers(device: Device, openAnother: () => Promise<Device>): Promise<void> {
  const other = await openAnother();
  const foreign = other.allocate("float32", 1);
  await expectCode("BUFFER_FOREIGN", () => device.read(foreign));
  await expectCode("BUFFER_FOREIGN", () => device.write(foreign, new Float32Array(1)));
  other.dispose();
}

async function memoryComesBack(device: Device): Promise<void> {
  // Six GiB in all: more than a WebAssembly memory can ever hold.
  for (let turn = 0; turn < LEAK_TURNS; turn += 1) device.allocate("uint8", LEAK_BYTES).dispose();
}

async function growth(device: Device): Promise<void> {
  const early = await bufferWith(device, "int32", [1, 2, 3]);
  const large = Array.from({ length: 8 }, () => device.allocate("float32", 2 ** 22));
  await device.write(large[7], dataOf("float32", [5]), 2 ** 22 - 1);
  await expectElements(device, early, [1, 2, 3]);
  const last = await device.read(large[7], 2 ** 22 - 1);
  if (last[0] !== 5) throw new Error(`The last element of a large buffer is ${last[0]} instead of 5`);
  for (const buffer of [...large, early]) buffer.dispose();
}

/** Rules of memory. */
export const BUFFER_BEHAVIOURS: readonly DeviceBehaviour[] = [
  { name: "a new buffer holds zeros, also where another one was", check: zeroAtFirst },
  { name: "write and read copy, in the array of the dtype", check: copies },
  { name: "write takes memory that threads share", check: sharedMemory },
  { name: "several buffers are read together, each in the array of its dtype", check: readsTogether },
  { name: "write and read at an offset touch nothing else", check: offsets },
  { name: "a wrong call is refused with its code and changes nothing", check: wrongCalls },
  { name: "a buffer of another device is refused", check: foreignBuffers },
  { name: "memory that was given back is used again", check: memoryComesBack },
  { name: "buffers keep their elements while others are allocated", check: growth },
];
