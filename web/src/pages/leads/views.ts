import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, type Answer } from '../../api/client.ts';
import { filterOf, type Search } from './filter.ts';

export type View = Answer<'leadViews.list'>['items'][number];

/** Filters and words searched for that somebody gave a name, kept with their account. */
export function useViews(): {
  readonly views: readonly View[];
  readonly keep: (name: string, search: Search) => void;
  readonly drop: (id: string) => void;
} {
  const client = useQueryClient();
  const queryKey = ['lead-views'];
  const onSuccess = () => client.invalidateQueries({ queryKey });
  const { data } = useQuery({
    queryKey,
    queryFn: ({ signal }) => call('leadViews.list', undefined, { signal }),
  });
  const keep = useMutation({
    mutationFn: ({ name, search }: { name: string; search: Search }) =>
      call('leadViews.keep', {
        body: { name, filters: filterOf(search) as Record<string, string> },
      }),
    onSuccess,
  });
  const drop = useMutation({
    mutationFn: (id: string) => call('leadViews.remove', { path: { id } }),
    onSuccess,
  });
  return {
    views: data?.items ?? [],
    keep: (name, search) => keep.mutate({ name, search }),
    drop: (id) => drop.mutate(id),
  };
}
