/**
 * What was asked of a thread that answers one question after the other, in the order in which they were asked: so no number has
 * to say which answer is whose.
 */
export class AnswerQueue<Answer> {
  #open: PromiseWithResolvers<Answer>[] = [];
  #end: Error | null = null;

  /**
   * Asks.
   * @param put sends the question; not called after the end. The answer comes later, never within the call
   * @returns the answer; rejected with what {@link refuse} or {@link end} says
   */
  async ask(put: () => void): Promise<Answer> {
    if (this.#end !== null) throw this.#end;
    put();
    const question = Promise.withResolvers<Answer>();
    this.#open.push(question);
    return question.promise;
  }

  /** The oldest open question is answered; an answer to none is passed over. */
  answer(answer: Answer): void {
    this.#open.shift()?.resolve(answer);
  }

  /** The oldest open question cannot be answered. */
  refuse(error: Error): void {
    this.#open.shift()?.reject(error);
  }

  /** Nothing is answered any more, neither what is open nor what will be asked. The first reason stays. */
  end(error: Error): void {
    this.#end ??= error;
    for (const question of this.#open) question.reject(error);
    this.#open = [];
  }
}
