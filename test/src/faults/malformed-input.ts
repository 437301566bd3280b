import fc from "fast-check";
import {
  CHUNK_BYTES_MAX,
  CONTROL_BYTES_MAX,
  COORDINATOR_MESSAGES,
  chunkFrame,
  HEADER_BYTES,
  HELLO,
  MESSAGES,
  messageFrame,
} from "./frame-bytes.ts";
import { messagePack, type Plain } from "./message-pack.ts";

/** One piece of input that breaks the protocol. */
export interface Malformed {
  /** For people. */
  readonly what: string;
  /** How far the connection is when it comes: nothing said; greeted; a contribution of transfer 1 announced. */
  readonly after: "open" | "hello" | "contribution";
  /** frame: one binary WebSocket message. text: one text message. bytes: below WebSocket, as they are. */
  readonly as: "frame" | "text" | "bytes";
  readonly data: Uint8Array;
  /** The close codes that PROTOCOL.md allows for it. */
  readonly codes: readonly number[];
}

const BAD_DATA = [1007];
const POLICY = [1008];
const TOO_BIG = [1009];
const VERSION = [4002];
const WEBSOCKET = [1002];

const after = fc.constantFrom<Malformed["after"]>("open", "hello");
const valid = fc.constantFrom<{ readonly [key: string]: Plain }>(HELLO, ...MESSAGES);
const nonzero = fc.integer({ min: 1, max: 255 });

function frames(
  what: string,
  data: fc.Arbitrary<Uint8Array>,
  codes: readonly number[],
  when: fc.Arbitrary<Malformed["after"]> = after,
): fc.Arbitrary<Malformed> {
  return fc.record({
    what: fc.constant(what),
    after: when,
    as: fc.constant("frame" as const),
    data,
    codes: fc.constant(codes),
  });
}

/** A valid frame with one byte changed. @param at bytes of the header that may not be other than they are */
function changed(at: readonly number[]): fc.Arbitrary<Uint8Array> {
  return fc.tuple(valid, fc.constantFrom(...at), nonzero).map(([message, index, change]) => {
    const frame = messageFrame(messagePack(message));
    frame[index] = (frame[index] ?? 0) ^ change;
    return frame;
  });
}

const brokenHeaders = [
  frames("another magic", changed([0, 1, 2, 3]), BAD_DATA),
  frames("another frame version", changed([4]), VERSION),
  // A message's frame as a chunk has a control part, as any other kind nothing known.
  frames("another kind", changed([5]), BAD_DATA),
  frames("reserved bytes", changed([6, 7, 20, 21, 22, 23]), BAD_DATA),
  frames("the fields of a chunk in a message", changed([16, 17, 18, 19, 24, 25, 26, 27, 28, 29, 30, 31]), BAD_DATA),
  frames("a tensor length in a message", changed([12, 13, 14, 15]), BAD_DATA),
  frames("a control length over the limit", changed([10, 11]), [...BAD_DATA, ...TOO_BIG]),
  frames(
    "bytes in the padding",
    fc.tuple(fc.nat({ max: 5 }), nonzero).map(([index, byte]) => {
      // {type: "ready", step: 0} has 18 bytes, and so 6 of padding.
      const frame = messageFrame(messagePack({ type: "ready", step: 0 }));
      frame[HEADER_BYTES + 18 + index] = byte;
      return frame;
    }),
    BAD_DATA,
  ),
  frames(
    "a frame that was cut",
    fc.tuple(valid, fc.nat()).map(([message, cut]) => {
      const frame = messageFrame(messagePack(message));
      return frame.subarray(0, cut % frame.length);
    }),
    BAD_DATA,
  ),
  frames(
    "a frame with a tail",
    fc
      .tuple(valid, fc.uint8Array({ minLength: 1, maxLength: 64 }))
      .map(([message, tail]) => new Uint8Array([...messageFrame(messagePack(message)), ...tail])),
    BAD_DATA,
  ),
  frames(
    "any bytes",
    fc.uint8Array({ maxLength: 400 }).filter(([first]) => first !== 0x54),
    BAD_DATA,
  ),
];

/** Control parts that are no map of plain values. */
const brokenControls = fc.oneof(
  // Anything that does not begin with a map.
  fc.uint8Array({ minLength: 1, maxLength: 200 }).filter(([first = 0]) => (first & 0xf0) !== 0x80 && first !== 0xde),
  // A map whose one value is of a type that no message uses: extensions, 64-bit integers, long strings and arrays.
  fc
    .tuple(
      fc.constantFrom(0xc1, 0xc6, 0xc7, 0xc8, 0xc9, 0xcf, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xdb, 0xdd, 0xdf),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([type, tail]) => new Uint8Array([0x81, 0xa1, 0x61, type, ...tail])),
  // Keys that are there twice, not ASCII, or dangerous.
  fc.constantFrom("a", "type").map((key) => {
    const one = [...messagePack(key), 0];
    return new Uint8Array([0x82, ...one, ...one]);
  }),
  fc.constantFrom("__proto__", "", "ä", "a b", "x".repeat(65)).map((key) => messagePack({ [key]: 1 })),
  // Deeper than 8 levels, more than 4,096 values, and more bytes than there are.
  fc.integer({ min: 8, max: 2_000 }).map((depth) => new Uint8Array([0x81, 0xa1, 0x61, ...Array(depth).fill(0x91), 0])),
  fc.integer({ min: 4_096, max: 9_000 }).map((count) => messagePack({ a: Array(count).fill(0) })),
  fc.tuple(valid, fc.nat()).map(([message, cut]) => {
    const control = messagePack(message);
    return control.subarray(0, 1 + (cut % (control.length - 1)));
  }),
  fc
    .tuple(valid, fc.uint8Array({ minLength: 1, maxLength: 20 }))
    .map(([message, tail]) => new Uint8Array([...messagePack(message), ...tail])),
);

/** Values that no key of a worker's message may have. */
const wrongValue = fc.oneof(
  fc.constantFrom<Plain>(-1, -0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true, [null], {}),
  fc.string({ minLength: 600, maxLength: 700 }),
  fc.uint8Array({ minLength: 16_385, maxLength: 16_400 }),
);

/** Messages that their schema refuses: a key less or more, another type, a value out of its bounds. */
const brokenMessages = fc.oneof(
  fc.tuple(valid, fc.nat()).map(([message, which]) => {
    const entries = Object.entries(message);
    entries.splice(which % entries.length, 1);
    return Object.fromEntries(entries);
  }),
  fc.tuple(valid, fc.stringMatching(/^[a-z]{1,20}Extra$/)).map(([message, key]) => ({ ...message, [key]: 1 })),
  fc.tuple(valid, fc.stringMatching(/^[A-Z][a-z]{0,20}$/)).map(([message, type]) => ({ ...message, type })),
  fc.tuple(valid, fc.nat(), wrongValue).map(([message, which, value]) => {
    const keys = Object.keys(message);
    return { ...message, [keys[which % keys.length] ?? "type"]: value };
  }),
  fc.constantFrom(...COORDINATOR_MESSAGES),
);

const misplaced = [
  frames(
    "a message before hello",
    fc.constantFrom(...MESSAGES).map((message) => messageFrame(messagePack(message))),
    POLICY,
    fc.constant("open"),
  ),
  frames("a second hello", fc.constant(messageFrame(messagePack(HELLO))), POLICY, fc.constant("hello")),
  frames(
    "a chunk of nothing that was announced",
    fc
      .tuple(fc.integer({ min: 1, max: 0xffff_ffff }), fc.integer({ min: 1, max: 600 }))
      .map(([transfer, length]) => chunkFrame(transfer, 0, length)),
    BAD_DATA,
  ),
  frames(
    "a chunk at no multiple of 8",
    fc.integer({ min: 1, max: 7 }).map((offset) => chunkFrame(1, offset, 8)),
    BAD_DATA,
  ),
];

const brokenUploads = [
  frames(
    "a gap in a tensor",
    fc.integer({ min: 1, max: 13 }).map((words) => chunkFrame(1, 8 * words, 8)),
    BAD_DATA,
    fc.constant("contribution"),
  ),
  frames(
    "more of a tensor than was announced",
    fc.integer({ min: 113, max: 4_000 }).map((length) => chunkFrame(1, 0, length)),
    TOO_BIG,
    fc.constant("contribution"),
  ),
  frames(
    "a chunk of another tensor",
    fc.integer({ min: 2, max: 0xffff_ffff }).map((transfer) => chunkFrame(transfer, 0, 8)),
    BAD_DATA,
    fc.constant("contribution"),
  ),
];

const tooBig = [
  frames(
    "a frame over the limit",
    fc.integer({ min: 1, max: 64 }).map((more) => new Uint8Array(HEADER_BYTES + CHUNK_BYTES_MAX + more)),
    TOO_BIG,
  ),
  frames(
    "a control part over the limit",
    fc.integer({ min: 1, max: 64 }).map((more) => messageFrame(new Uint8Array(CONTROL_BYTES_MAX + more))),
    TOO_BIG,
  ),
];

const texts: fc.Arbitrary<Malformed> = fc.record({
  what: fc.constant("a text message"),
  after,
  as: fc.constant("text" as const),
  data: fc.string({ unit: "binary", maxLength: 100 }).map((text) => new TextEncoder().encode(text)),
  codes: fc.constant([1003]),
});

/** Below the protocol: what RFC 6455 forbids to whoever opened the connection. The mask is zero. */
const brokenWebSocket: fc.Arbitrary<Malformed> = fc
  .constantFrom<readonly [string, readonly number[], readonly number[]]>(
    ["an unmasked message", [0x82, 0x01, 0x00], WEBSOCKET],
    ["a reserved opcode", [0x83, 0x80, 0, 0, 0, 0], WEBSOCKET],
    ["a compressed message", [0xc2, 0x80, 0, 0, 0, 0], WEBSOCKET],
    ["a ping in parts", [0x09, 0x80, 0, 0, 0, 0], WEBSOCKET],
    ["a continuation of nothing", [0x80, 0x80, 0, 0, 0, 0], WEBSOCKET],
    ["a ping that is too long", [0x89, 0xfe, 0, 126, 0, 0, 0, 0, ...Array(126).fill(0)], WEBSOCKET],
    ["a close code that is none", [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], WEBSOCKET],
    ["a text that is no UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], BAD_DATA],
    ["a message of 4 GiB", [0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], TOO_BIG],
  )
  .map(([what, bytes, codes]) => ({ what, after: "open", as: "bytes", data: new Uint8Array(bytes), codes }));

/** Input of every kind that a coordinator must not take. */
export const malformedInput: fc.Arbitrary<Malformed> = fc.oneof(
  { weight: 3_600, arbitrary: fc.oneof(...brokenHeaders) },
  { weight: 2_000, arbitrary: frames("a broken control part", brokenControls.map(messageFrame), BAD_DATA) },
  {
    weight: 2_000,
    arbitrary: frames(
      "a broken message",
      brokenMessages.map((message) => messageFrame(messagePack(message))),
      BAD_DATA,
    ),
  },
  { weight: 1_200, arbitrary: fc.oneof(...misplaced) },
  { weight: 300, arbitrary: fc.oneof(...brokenUploads) },
  { weight: 100, arbitrary: fc.oneof(...tooBig) },
  { weight: 300, arbitrary: texts },
  { weight: 500, arbitrary: brokenWebSocket },
);
