import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Action } from '../../../sequences/lead.ts';
import { createSlotBook } from '../../../sequences/simulate/slot-book.ts';

const slot = fc.record({
  at: fc.integer({ min: 0, max: 5 }),
  action: fc.constantFrom<Action>('email', 'invite'),
  localDay: fc.constantFrom('2026-03-09', '2026-03-10'),
});
const SENDERS = ['rosa', 'sam'];

test('how many there are on a day is what counting gives, whatever was given away, added and given back', () => {
  fc.assert(
    fc.property(
      fc.array(slot, { maxLength: 5 }),
      fc.array(fc.record({ sender: fc.constantFrom(...SENDERS), slot, back: fc.boolean() }), {
        maxLength: 20,
      }),
      (given, changes) => {
        const book = createSlotBook(new Map([['rosa', given]]));
        for (const { sender, slot: one, back } of changes) {
          const there = book.of(sender).find(({ at }) => at === one.at);
          if (back) book.remove(sender, there ?? one);
          else book.add(sender, one);
        }
        for (const sender of SENDERS)
          for (const action of ['email', 'invite'] as const)
            for (const localDay of ['2026-03-09', '2026-03-10'])
              expect(book.onDay(sender, action, localDay)).toBe(
                book.of(sender).filter((one) => one.action === action && one.localDay === localDay).length,
              );
      },
    ),
  );
});
