import { type Callback, onEvents } from "./callbacks.ts";
import { crc32c } from "./crc32c.ts";
import { bytesField, doubleField, floatField, stringField, varintField } from "./protobuf.ts";

/**
 * TensorBoard's event files. A record is its length (u64), a masked CRC-32C of the length, the data, and a masked CRC-32C of the data
 * (tensorflow.org, "TFRecords format details"); the data is an `Event` message (tensorboard/compat/proto/event.proto, summary.proto).
 */

/** First record of every file. */
const FILE_VERSION = "brain.Event:2";
/** Added to the rotated checksum, so that checksums of data that hold checksums do not come out alike. */
const MASK_DELTA = 0xa282ead8;

const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, simpleValue: 2 } as const;

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(data), true);
  return bytes;
}

/** The record that an event file begins with. @param wallTime seconds since 1970 */
function eventFileHeader(wallTime: number): Uint8Array {
  return record(
    Uint8Array.from([...doubleField(EVENT.wallTime, wallTime), ...stringField(EVENT.fileVersion, FILE_VERSION)]),
  );
}

/** A record of scalars of one step. @param wallTime seconds since 1970 */
function scalarsRecord(wallTime: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    bytesField(SUMMARY_VALUE, [...stringField(VALUE.tag, tag), ...floatField(VALUE.simpleValue, value)]),
  );
  return record(
    Uint8Array.from([
      ...doubleField(EVENT.wallTime, wallTime),
      ...varintField(EVENT.step, step),
      ...bytesField(EVENT.summary, values),
    ]),
  );
}

/** Where {@link tensorBoard} writes, and what time it is. */
export interface TensorBoardOptions {
  /** Appends to a file whose name must hold "tfevents", such as `events.out.tfevents.1767225600.host`. */
  readonly append: (bytes: Uint8Array) => void;
  /** Milliseconds since 1970. Default Date.now. */
  readonly nowMs?: () => number;
}

/**
 * Writes every number of the step and epoch events as a scalar: `step/loss`, `epoch/testAccuracy`, ... over the updates done.
 */
export function tensorBoard({ append, nowMs = () => Date.now() }: TensorBoardOptions): Callback {
  let begun = false;
  let step = 0;
  const write = (group: string, event: object) => {
    const seconds = nowMs() / 1000;
    if (!begun) append(eventFileHeader(seconds));
    begun = true;
    append(scalarsRecord(seconds, step, scalarsOf(group, event)));
  };
  return onEvents((event) => {
    if (event.event === "step") step = event.step;
    if (event.event === "step" || event.event === "epoch") write(event.event, event);
  });
}

/** Numbers of an event but its own count, under "group/key". */
function scalarsOf(group: string, event: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(event).flatMap(([key, value]: [string, unknown]) =>
      typeof value === "number" && key !== group ? [[`${group}/${key}`, value] as const] : [],
    ),
  );
}
