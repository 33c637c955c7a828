/** What is known of one lead. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { call, tagged } from '../api/client.ts';

/** Everything about a lead begins with this key. */
export const leadKey = (id: string) => ['lead', id] as const;

/** The profile with its version. */
export const profileQuery = (id: string) =>
  queryOptions({
    queryKey: [...leadKey(id), 'profile'],
    queryFn: ({ signal }) => tagged('leads.read', { path: { id } }, { signal }),
  });

export const whyQuery = (id: string) =>
  queryOptions({
    queryKey: [...leadKey(id), 'why'],
    queryFn: ({ signal }) => call('leads.why', { path: { id } }, { signal }),
  });

/** What happened to a lead, the newest page first. */
export const timelineQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: [...leadKey(id), 'timeline'],
    queryFn: ({ pageParam, signal }) =>
      call(
        'leads.timeline',
        { path: { id }, query: { limit: 50, ...(pageParam && { cursor: pageParam }) } },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });
