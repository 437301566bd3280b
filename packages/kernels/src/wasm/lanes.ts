import { BYTES_PER_ELEMENT, type DType } from "@tributary/program";
import type { FunctionBuilder, Local } from "./assembler-function.ts";

/** Four elements in memory that make one vector: element i lies at pointer + (4 * vector + i) * stride elements. */
export interface Lanes {
  readonly dtype: DType;
  /** From an element to the next, in elements; 0 gives all lanes the same one, and it may be negative. */
  readonly stride: number;
  /** Which of the adjacent vectors at the pointer. */
  readonly vector: number;
  /** How many of the four are of interest: 1 ... 4. The others are not written. */
  readonly count: number;
  /** What to add to the pointer, in bytes (or, where it is an index, in numbers): 0 unless given. */
  readonly offset?: number;
}

/**
 * Pushes a vector of four elements in their form for computing: float32 and 32-bit integers as they are, uint8 and the bits
 * of float16 widened to int32, bool as a mask of all ones or zeros. With stride 1 up to 8 bytes after the last element of
 * interest are read; those lanes mean nothing.
 */
export function loadLanes(code: FunctionBuilder, pointer: Local, lanes: Lanes): void {
  const bytes = BYTES_PER_ELEMENT[lanes.dtype];
  const offset = (lanes.offset ?? 0) + lanes.vector * 4 * lanes.stride * bytes;
  if (lanes.count === 1) loadFirst(code, pointer, bytes, offset);
  else if (lanes.stride === 0) loadSplat(code, pointer, bytes, offset);
  else if (lanes.stride === 1) loadAdjacent(code, pointer, bytes, offset);
  else loadGathered(code, pointer, bytes, lanes, offset);
  if (lanes.dtype === "bool") code.i32x4(0).op("i32x4.ne");
}

/** Pushes the numbers of four elements, of which the first has the number in `index`. */
export function pushIndexLanes(code: FunctionBuilder, index: Local, lanes: Lanes): void {
  code.get(index).op("i32x4.splat");
  const start = (lanes.offset ?? 0) + lanes.vector * 4 * lanes.stride;
  if (start === 0 && lanes.stride === 0) return;
  const [a, b, c, d] = [0, 1, 2, 3].map((lane) => start + lane * lanes.stride);
  code.i32x4(a, b, c, d).op("i32x4.add");
}

/** Writes the first lanes of a vector in computing form, narrowed to the dtype. Integers beyond uint8 keep their low byte. */
export function storeLanes(code: FunctionBuilder, pointer: Local, value: Local, lanes: Lanes): void {
  const bytes = BYTES_PER_ELEMENT[lanes.dtype];
  const offset = (lanes.offset ?? 0) + lanes.vector * 4 * lanes.stride * bytes;
  const pushValue = (): void => {
    code.get(value);
    if (lanes.dtype === "bool") code.i32x4(1).op("v128.and");
  };
  if (lanes.stride === 1 && lanes.count === 4) {
    pushAddress(code, pointer, offset, (immediate) => storeAdjacent(code, bytes, immediate, pushValue));
    return;
  }
  const store = bytes === 4 ? "v128.store32_lane" : bytes === 2 ? "v128.store16_lane" : "v128.store8_lane";
  for (let lane = 0; lane < lanes.count; lane++) {
    pushAddress(code, pointer, offset + lane * lanes.stride * bytes, (immediate) => {
      pushValue();
      code.memoryLane(store, (lane * 4) / bytes, immediate);
    });
  }
}

/** Pushes an address of which `then` gets the part that fits an immediate: those are not negative. */
function pushAddress(code: FunctionBuilder, pointer: Local, offset: number, then: (immediate: number) => void): void {
  code.get(pointer);
  if (offset < 0) code.i32(offset).op("i32.add");
  then(Math.max(offset, 0));
}

function loadSplat(code: FunctionBuilder, pointer: Local, bytes: number, offset: number): void {
  pushAddress(code, pointer, offset, (immediate) => {
    if (bytes === 4) code.memory("v128.load32_splat", immediate);
    else code.memory(bytes === 2 ? "i32.load16_u" : "i32.load8_u", immediate).op("i32x4.splat");
  });
}

function loadAdjacent(code: FunctionBuilder, pointer: Local, bytes: number, offset: number): void {
  pushAddress(code, pointer, offset, (immediate) => {
    if (bytes === 4) code.memory("v128.load", immediate);
    else if (bytes === 2) code.memory("v128.load16x4_u", immediate);
    else code.memory("v128.load32_zero", immediate).op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u");
  });
}

/** One element in lane 0; in the others there may be anything. */
function loadFirst(code: FunctionBuilder, pointer: Local, bytes: number, offset: number): void {
  if (bytes !== 4) loadSplat(code, pointer, bytes, offset);
  else pushAddress(code, pointer, offset, (immediate) => code.memory("v128.load32_zero", immediate));
}

function loadGathered(code: FunctionBuilder, pointer: Local, bytes: number, lanes: Lanes, offset: number): void {
  const load = bytes === 4 ? "v128.load32_lane" : bytes === 2 ? "v128.load16_lane" : "v128.load8_lane";
  const gathered = code.local("v128");
  loadFirst(code, pointer, bytes, offset);
  code.set(gathered);
  for (let lane = 1; lane < lanes.count; lane++) {
    pushAddress(code, pointer, offset + lane * lanes.stride * bytes, (immediate) => {
      code
        .get(gathered)
        .memoryLane(load, (lane * 4) / bytes, immediate)
        .set(gathered);
    });
  }
  code.get(gathered);
  code.release(gathered);
}

function storeAdjacent(code: FunctionBuilder, bytes: number, immediate: number, pushValue: () => void): void {
  pushValue();
  if (bytes === 4) {
    code.memory("v128.store", immediate);
    return;
  }
  pushValue();
  if (bytes === 2) {
    code.shuffle([0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13]).memoryLane("v128.store64_lane", 0, immediate);
  } else {
    code.shuffle([0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12]).memoryLane("v128.store32_lane", 0, immediate);
  }
}
