import type { Instant } from '../plan.ts';

/** What happens next, by time; at the same time, in the order in which it was added. */
export interface EventQueue<Item> {
  add(at: Instant, item: Item): void;
  /** Takes the earliest out; undefined when nothing is left. */
  take(): { readonly at: Instant; readonly item: Item } | undefined;
}

interface Entry<Item> {
  readonly at: Instant;
  readonly order: number;
  readonly item: Item;
}

/** A binary heap. */
export function createEventQueue<Item>(): EventQueue<Item> {
  const heap: Entry<Item>[] = [];
  let added = 0;
  const before = (a: Entry<Item>, b: Entry<Item>) => a.at < b.at || (a.at === b.at && a.order < b.order);

  function swap(i: number, j: number): void {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  }

  return {
    add(at, item) {
      heap.push({ at, order: added++, item });
      for (let i = heap.length - 1; i > 0;) {
        const parent = (i - 1) >> 1;
        if (!before(heap[i]!, heap[parent]!)) break;
        swap(i, parent);
        i = parent;
      }
    },
    take() {
      const first = heap[0];
      const last = heap.pop();
      if (!first || !last || heap.length === 0) return first;
      heap[0] = last;
      for (let i = 0; ;) {
        let least = i;
        for (const child of [2 * i + 1, 2 * i + 2]) {
          if (child < heap.length && before(heap[child]!, heap[least]!)) least = child;
        }
        if (least === i) return first;
        swap(i, least);
        i = least;
      }
    },
  };
}
