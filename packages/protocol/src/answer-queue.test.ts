import { describe, expect, it } from "vitest";
import { AnswerQueue } from "./answer-queue.ts";

describe("AnswerQueue", () => {
  it("gives answers and refusals to questions in the order in which they were asked", async () => {
    const queue = new AnswerQueue<number>();
    const put: string[] = [];
    const answers = Promise.allSettled(["a", "b", "c"].map((question) => queue.ask(() => put.push(question))));
    expect(put).toEqual(["a", "b", "c"]);
    queue.answer(1);
    queue.refuse(new Error("No"));
    queue.answer(3);
    expect(await answers).toEqual([
      { status: "fulfilled", value: 1 },
      { status: "rejected", reason: new Error("No") },
      { status: "fulfilled", value: 3 },
    ]);
  });

  it("rejects what is open at the end, and puts no question afterwards", async () => {
    const queue = new AnswerQueue<number>();
    const open = queue.ask(() => {});
    queue.end(new Error("Gone"));
    queue.end(new Error("Gone twice"));
    await expect(open).rejects.toThrow("Gone");
    let asked = false;
    const late = queue.ask(() => {
      asked = true;
    });
    await expect(late).rejects.toThrow(/^Gone$/);
    expect(asked).toBe(false);
  });

  it("passes over answers that nobody asked for, and questions that could not be put", async () => {
    const queue = new AnswerQueue<number>();
    queue.answer(1);
    const unsaid = queue.ask(() => {
      throw new Error("Not to be sent");
    });
    await expect(unsaid).rejects.toThrow("Not to be sent");
    const answer = queue.ask(() => {});
    queue.answer(2);
    expect(await answer).toBe(2);
  });
});
