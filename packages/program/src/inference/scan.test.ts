import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../graph-builder.ts";
import type { OperationAttributes } from "../operations.ts";
import { f, refused, shown } from "../testing/infer.ts";

describe("scan", () => {
  /** (carry [2], slice [2], weight [2]) -> next carry [2], stacked scalar. */
  function body(): OperationAttributes["scan"]["body"] {
    const builder = new GraphBuilder();
    const [carry, slice, weight] = [builder.input(f(2)), builder.input(f(2)), builder.input(f(2))];
    const next = builder.add("add", {}, [carry, builder.add("mul", {}, [slice, weight])]);
    return builder.build([next, builder.add("sum", { axes: [0] }, [next])]);
  }
  const attributes = { length: 5, carries: 1, sliced: 1, reverse: false };

  it("gives the last carries, then the stacks with a leading time axis", () => {
    expect(shown("scan", { ...attributes, body: body() }, [f(2), f(5, 2), f(2)])).toEqual(["float32[2]", "float32[5]"]);
  });

  it("refuses arrays of another length and bodies of other types, and shows both", () => {
    const length = refused("scan", { ...attributes, body: body() }, [f(2), f(4, 2), f(2)]);
    expect(length.code).toBe("SCAN_BODY_MISMATCH");
    expect(length.message).toContain("float32[4, 2]");
    const type = refused("scan", { ...attributes, body: body() }, [f(2), f(5, 2), f(3)]);
    expect(type.code).toBe("SCAN_BODY_MISMATCH");
    expect(type.message).toContain("input 2 is float32[3], but float32[2] in the body");
  });

  it("refuses a carry that changes its type", () => {
    const builder = new GraphBuilder();
    const carry = builder.input(f(2));
    const changed = builder.build([builder.add("sum", { axes: [0] }, [carry])]);
    const { code, message } = refused("scan", { length: 3, carries: 1, sliced: 0, reverse: false, body: changed }, [
      f(2),
    ]);
    expect(code).toBe("SCAN_BODY_MISMATCH");
    expect(message).toContain("carry 0 is float32[2], but float32[] in the body");
  });

  it("refuses wrong numbers of inputs and outputs", () => {
    expect(refused("scan", { ...attributes, body: body() }, [f(2), f(5, 2)]).code).toBe("SCAN_BODY_MISMATCH");
    expect(refused("scan", { ...attributes, carries: 3, sliced: 0, body: body() }, [f(2), f(2), f(2)]).code).toBe(
      "SCAN_BODY_MISMATCH",
    );
    expect(refused("scan", { ...attributes, length: -1, body: body() }, [f(2), f(5, 2), f(2)]).code).toBe(
      "ATTRIBUTE_INVALID",
    );
  });
});
