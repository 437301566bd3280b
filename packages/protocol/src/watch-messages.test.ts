import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceWords } from "./device-words.ts";
import { ProtocolError } from "./errors.ts";
import { codeOf } from "./testing/code-of.ts";
import { parseWatchMessage } from "./watch-messages.ts";
import { WATCH_REQUEST_BYTES_MAX } from "./watch-messages-limits.ts";
import { decodeWatchRequest, type WatchRequest } from "./watch-messages-requests.ts";

const REQUESTS: readonly WatchRequest[] = [
  { type: "command", request: 1, command: { command: "pause" } },
  { type: "command", request: 2, command: { command: "resume" } },
  { type: "command", request: 3, command: { command: "checkpoint" } },
  { type: "command", request: 4, command: { command: "stop", reason: "enough" } },
  { type: "command", request: 5, command: { command: "learningRateFactor", factor: 0.5 } },
  { type: "predict", request: 6, inputs: "AAEC" },
  { type: "activations", request: 7, source: { sample: 3 } },
  { type: "activations", request: 8, source: { inputs: "AAEC" } },
  { type: "follow", request: 9, source: { sample: 0 } },
  { type: "follow", request: 10, source: null },
  { type: "samples", request: 11, label: 3, predicted: 8 },
  { type: "sample", request: 12, index: 9_999 },
];

const named = (request: WatchRequest): [string, WatchRequest] => [`${request.type} ${request.request}`, request];

/** The code of the error that a text causes. */
const refusal = (text: string) => codeOf(() => decodeWatchRequest(text));

describe("what a watcher says", () => {
  it.each(REQUESTS.map(named))("[W2] %s arrives as it was sent", (_, request) => {
    expect(decodeWatchRequest(JSON.stringify(request))).toEqual(request);
  });

  it.each(REQUESTS.map(named))("[W2] %s with an unknown key, or without one of its keys, is refused", (_, request) => {
    expect(refusal(JSON.stringify({ ...request, extra: 1 }))).toBe("MESSAGE_INVALID");
    for (const key of Object.keys(request)) {
      const partial = Object.fromEntries(Object.entries(request).filter(([name]) => name !== key));
      expect(refusal(JSON.stringify(partial))).toBe("MESSAGE_INVALID");
    }
  });

  it.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["a number", "7"],
    ["null", "null"],
    ["a list", "[]"],
    ["an unknown type", '{"type":"shutdown","request":1}'],
    ["an unknown command", '{"type":"command","request":1,"command":{"command":"delete"}}'],
    ["a request that is no whole number", '{"type":"sample","request":1.5,"index":0}'],
    ["a negative index", '{"type":"sample","request":1,"index":-1}'],
    ["inputs that are no base64", '{"type":"predict","request":1,"inputs":"<b>"}'],
    ["a sample and inputs at once", '{"type":"activations","request":1,"source":{"sample":1,"inputs":"AAEC"}}'],
    ["a factor of 0", '{"type":"command","request":1,"command":{"command":"learningRateFactor","factor":0}}'],
    ["a factor above 1,000", '{"type":"command","request":1,"command":{"command":"learningRateFactor","factor":1001}}'],
    [
      "a reason of 513 characters",
      `{"type":"command","request":1,"command":{"command":"stop","reason":"${"a".repeat(513)}"}}`,
    ],
    ["a key that would become a prototype", '{"type":"sample","request":1,"index":0,"__proto__":{}}'],
  ])("[W2] %s is refused", (_, text) => {
    expect(refusal(text)).toBe("MESSAGE_INVALID");
  });

  it("[W2] whatever comes, it is a request or one error of this package", () => {
    const request = fc.constantFrom(...REQUESTS);
    // Requests with one of their values replaced get further than noise does.
    const changed = fc.tuple(request, fc.nat(2), fc.jsonValue()).map(([message, index, value]) => {
      const key = Object.keys(message)[index] ?? "type";
      return JSON.stringify({ ...message, [key]: value });
    });
    const text = fc.oneof(fc.string(), fc.json(), changed);
    const taken = (value: string) => {
      try {
        return REQUESTS.some(({ type }) => type === decodeWatchRequest(value).type);
      } catch (error) {
        return error instanceof ProtocolError;
      }
    };
    fc.assert(fc.property(text, taken), { numRuns: 5_000, seed: 20_261_121 });
  });

  it("[W1] a message over its limit is refused before it is read", () => {
    expect(refusal(" ".repeat(WATCH_REQUEST_BYTES_MAX + 1))).toBe("FRAME_TOO_LARGE");
  });
});

describe("what a watcher hears", () => {
  it("[W2] is taken when it is JSON of a known type", () => {
    expect(parseWatchMessage('{"type":"done","request":7}')).toEqual({ type: "done", request: 7 });
  });

  it.each(["", "{", "null", "7", "[]", "{}", '{"type":"toString"}', '{"type":"welcome"}'])(
    "[W2] %j is refused",
    (text) => {
      expect(() => parseWatchMessage(text)).toThrow(expect.objectContaining({ code: "MESSAGE_INVALID" }));
    },
  );
});

describe("words about a device", () => {
  it.each([
    ["Apple M3 (metal)", "Apple M3 (metal)"],
    ["  NVIDIA\tRTX\u0000 ", "NVIDIA RTX"],
    ["GPU\nStep 1: done", "GPU Step 1: done"],
    ["\u202eUPG", "UPG"],
    ["", null],
    [" \u0007 ", null],
    ["a".repeat(200), "a".repeat(128)],
    // A character of two UTF-16 units counts once, and is not cut in half.
    ["🐌".repeat(129), "🐌".repeat(128)],
    ["\ud83d", null],
  ])("%j become %j", (text, words) => {
    expect(deviceWords(text)).toBe(words);
  });
});
