import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { done, soon } from '../../ui/notify.tsx';

export type Scope = Answer<'pauses.list'>['items'][number]['scope'];
export interface Target<Of extends Scope = Scope> {
  readonly scope: Of;
  readonly id: string | null;
}

/** What is paused now. */
export const usePauses = () =>
  useQuery({
    queryKey: ['pauses'],
    queryFn: ({ signal }) => call('pauses.list', undefined, { signal }),
    refetchInterval: 10_000,
  });

/** Pausing, resuming and stopping at every level; in force when it is answered. */
export function useControls() {
  const { t } = useTranslation('launches');
  const client = useQueryClient();
  const again = () => {
    for (const queryKey of [['launches'], ['pauses'], ['senders'], ['lead']])
      void client.invalidateQueries({ queryKey });
  };
  const pause = useMutation({
    mutationFn: ({ reason, ...body }: Target & { reason: string }) =>
      call('controls.pause', { body: { ...body, ...(reason && { reason }) } }),
    onSuccess({ name, sending }, { scope }) {
      done(
        sending.length > 0
          ? t('pausedSending', { count: sending.length })
          : scope === 'all'
            ? t('pausedAll')
            : t('pausedOne', { name }),
      );
      again();
    },
  });
  const resume = useMutation({
    mutationFn: (body: Target) => call('controls.resume', { body }),
    onSuccess({ waking }) {
      done(t('resumed', { count: waking }));
      again();
    },
  });
  const [stopping, setStopping] = useState(false);
  /** For good, so it can be undone for ten seconds. */
  const stop = (body: Target<'launch'>, name: string) => {
    setStopping(true);
    void soon(
      t('stopping', { name }),
      async () => {
        try {
          await call('controls.stop', { body });
          again();
        } finally {
          setStopping(false);
        }
      },
      () => setStopping(false),
    );
  };
  return { pause, resume, stop, stopping };
}
