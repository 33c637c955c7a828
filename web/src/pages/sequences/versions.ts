import { useQuery } from '@tanstack/react-query';
import { call, type Answer } from '../../api/client.ts';

export type Version = Answer<'sequences.versions'>['items'][number];

/** The versions of a sequence, the newest first. */
export const useVersions = (name: string, enabled = true) =>
  useQuery({
    queryKey: ['sequences', name, 'versions'],
    queryFn: ({ signal }) => call('sequences.versions', { path: { name } }, { signal }),
    enabled,
  });

/** The one that has numbers to show: the newest in which leads began. */
export const newestBegun = (versions: readonly Version[]): Version | undefined =>
  versions.find(({ begun }) => begun);
