/** Text that was typed and not saved, kept in this browser: a crash, a closed laptop or a lost session takes nothing away. */
import { useEffect, useRef, useState } from 'react';
import { nowInstant } from '../../ui/time.ts';

export interface Unsaved {
  readonly text: string;
  /** What the text was a change of. */
  readonly base: string;
  /** When it was last typed at, ISO 8601. */
  readonly at: string;
}

/** More of them would be nobody's memory. */
const MOST = 3;
const placeOf = (userId: string, name: string) => `cadenza.unsaved.${userId}.${name}`;

function readAll(place: string): readonly Unsaved[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(place) ?? '[]');
    return Array.isArray(found) ? (found as readonly Unsaved[]) : [];
  } catch {
    return [];
  }
}

function writeAll(place: string, all: readonly Unsaved[]): void {
  try {
    if (all.length === 0) localStorage.removeItem(place);
    else localStorage.setItem(place, JSON.stringify(all.slice(0, MOST)));
  } catch {
    // A full or forbidden storage: the text is still on the page, and leaving it asks first.
  }
}

/**
 * Keeps `text` while it is another than `base`, and forgets it when it is saved. What an earlier visit left is answered, the newest first, until
 * it is taken or thrown away; `known` is what the server has, which is no loss.
 */
export function useUnsaved({
  userId,
  name,
  text,
  base,
  known,
}: {
  readonly userId: string;
  readonly name: string;
  readonly text: string;
  readonly base: string;
  readonly known: readonly (string | undefined)[];
}): {
  readonly left: Unsaved | null;
  /** What is left is taken, or thrown away. */
  readonly settle: () => void;
  readonly putBack: (one: Unsaved) => void;
} {
  const place = placeOf(userId, name);
  const [left, setLeft] = useState(() => readAll(place).filter((one) => !known.includes(one.text)));
  const typedHere = useRef(false);
  useEffect(() => {
    const dirty = text !== base;
    typedHere.current ||= dirty;
    // Another tab may be writing there: who typed nothing here leaves it alone.
    if (typedHere.current) writeAll(place, [...(dirty ? [{ text, base, at: nowInstant() }] : []), ...left]);
  }, [place, text, base, left]);
  const settle = () => {
    typedHere.current = true;
    setLeft(([, ...older]) => older);
  };
  const putBack = (one: Unsaved) => {
    // Also where the page was left meanwhile.
    writeAll(place, [one, ...readAll(place).filter(({ text: other }) => other !== one.text)]);
    setLeft((older) => [one, ...older]);
  };
  return { left: left[0] ?? null, settle, putBack };
}
