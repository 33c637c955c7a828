/** Who is signed in. */
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

/** What waits for whoever is signed in; kept fresh by the stream. */
export const useCounts = () =>
  useQuery({ queryKey: ['counts'], queryFn: ({ signal }) => call('me.counts', undefined, { signal }) });
