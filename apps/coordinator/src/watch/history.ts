interface Numbered<Item> {
  readonly number: number;
  readonly item: Item;
}

/** Items kept at full resolution when the older ones are thinned out. */
const RECENT_SHARE = 0.25;

/** What happened, oldest first, bounded: old items go, or every second of them does so that the whole course stays. */
export class History<Item> {
  readonly #most: number;
  readonly #thins: boolean;
  #items: Numbered<Item>[] = [];
  #last = 0;

  /** @param most items kept @param thins whether the older ones are thinned out instead of dropped */
  constructor(most: number, { thins }: { readonly thins: boolean }) {
    this.#most = most;
    this.#thins = thins;
  }

  /** Number of the newest item; items are counted from 1 and keep their number. */
  get last(): number {
    return this.#last;
  }

  add(item: Item): void {
    this.#last += 1;
    this.#items.push({ number: this.#last, item });
    if (this.#items.length <= this.#most) return;
    if (this.#thins) this.#thin();
    else this.#items.shift();
  }

  /** All items. */
  get all(): readonly Item[] {
    return this.#items.map(({ item }) => item);
  }

  /** Items with a number above `number`; where there are more than `most`, every n-th, the newest among them. */
  since(number: number, most: number): readonly Item[] {
    let first = this.#items.length;
    while (first > 0 && (this.#items[first - 1]?.number ?? 0) > number) first -= 1;
    const found = this.#items.slice(first).map(({ item }) => item);
    const stride = Math.ceil(found.length / most);
    return stride <= 1 ? found : found.filter((_, index) => (found.length - 1 - index) % stride === 0);
  }

  #thin(): void {
    const old = Math.floor(this.#items.length * (1 - RECENT_SHARE));
    this.#items = this.#items.filter((_, index) => index >= old || index % 2 === 0);
  }
}
