import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Keeps a text in this tab, wherever it is shown; null forgets it. */
export function keep(place: string, text: string | null): void {
  if (text === null) sessionStorage.removeItem(place);
  else sessionStorage.setItem(place, text);
  for (const listener of listeners) listener();
}

/** What is kept there; null: nothing. */
export const kept = (place: string): string | null => sessionStorage.getItem(place);

/** A text that somebody types, still there when they come back in this tab; `first` where nothing was typed. */
export function useKept(place: string, first = ''): readonly [text: string, write: (text: string) => void] {
  const text = useSyncExternalStore(subscribe, () => kept(place)) ?? first;
  return [text, (typed) => keep(place, typed === first ? null : typed)];
}
