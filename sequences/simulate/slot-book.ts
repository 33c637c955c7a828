import type { BusySlot } from '../calendar/index.ts';
import type { Action } from '../lead.ts';

/** Every sender's slots, in memory: what the ledger is to the real host. */
export interface SlotBook {
  /** The sender's slots by time. The list changes with the book. */
  of(senderId: string): readonly BusySlot[];
  add(senderId: string, slot: BusySlot): void;
  /** How many of an action the sender has on a local day. */
  onDay(senderId: string, action: Action, localDay: string): number;
  /** Gives a slot back; one that is not there changes nothing. */
  remove(senderId: string, slot: BusySlot): void;
}

/** @param given what senders have given away before, in any order */
export function createSlotBook(given: ReadonlyMap<string, readonly BusySlot[]>): SlotBook {
  const books = new Map([...given].map(([id, slots]) => [id, slots.toSorted((a, b) => a.at - b.at)]));

  // A simulation asks for each touch and each day that may be full: counting each time would take longest of all.
  const counts = new Map<string, number>();
  const keyOf = (senderId: string, action: Action, localDay: string) => `${senderId} ${action} ${localDay}`;
  const count = (senderId: string, { action, localDay }: BusySlot, by: number) => {
    const key = keyOf(senderId, action, localDay);
    counts.set(key, (counts.get(key) ?? 0) + by);
  };
  for (const [id, slots] of given) for (const slot of slots) count(id, slot, 1);

  function bookOf(senderId: string): BusySlot[] {
    let book = books.get(senderId);
    if (!book) books.set(senderId, (book = []));
    return book;
  }

  /** Index of the first slot later than `at`. */
  function after(book: readonly BusySlot[], at: number): number {
    let low = 0;
    let high = book.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (book[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    of: bookOf,
    onDay: (senderId, action, localDay) => counts.get(keyOf(senderId, action, localDay)) ?? 0,
    add(senderId, slot) {
      const book = bookOf(senderId);
      book.splice(after(book, slot.at), 0, slot);
      count(senderId, slot, 1);
    },
    remove(senderId, slot) {
      const book = bookOf(senderId);
      for (let i = after(book, slot.at) - 1; i >= 0 && book[i]!.at === slot.at; i--) {
        if (book[i] === slot) {
          book.splice(i, 1);
          return count(senderId, slot, -1);
        }
      }
    },
  };
}
