/** Who is signed in. */
import { useSyncExternalStore } from 'react';
import { queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { call, type Answer } from '../api/client.ts';

export type Me = Answer<'me.read'>;

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => call('me.read', undefined, { signal }),
  staleTime: 5 * 60_000,
});

/** Inside the frame: there is always somebody. */
export const useMe = (): Me => useSuspenseQuery(meQuery).data;

/** Whose leads are everybody's. */
export const seesEverything = ({ role, team }: Me): boolean =>
  role === 'admin' || (role === 'manager' && team === null);

type Counted = 'tasksOpen' | 'waiting';
const NOTHING: Readonly<Record<Counted, number>> = { tasksOpen: 0, waiting: 0 };
let off = NOTHING;
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => void listeners.delete(listener);
};

/** Counts so many less, of what is done here and the server has not heard of yet, until what it answers is called. */
export function countOff(what: Counted, count = 1): () => void {
  const add = (by: number) => {
    off = { ...off, [what]: off[what] + by };
    for (const listener of listeners) listener();
  };
  add(count);
  return () => {
    add(-count);
    count = 0;
  };
}

/** What waits for whoever is signed in; kept fresh by the stream. */
export function useCounts() {
  const less = useSyncExternalStore(subscribe, () => off);
  return useQuery({
    queryKey: ['counts'],
    queryFn: ({ signal }) => call('me.counts', undefined, { signal }),
    select: (counts) => ({
      ...counts,
      tasksOpen: Math.max(0, counts.tasksOpen - less.tasksOpen),
      waiting: Math.max(0, counts.waiting - less.waiting),
    }),
  });
}
