import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { done, soon } from '../../ui/notify.tsx';

export type Scope = Answer<'pauses.list'>['items'][number]['scope'];

/** Pausing, resuming and stopping a launch, a sender, or everything; in force when it is answered. */
export function useControls() {
  const { t } = useTranslation('launches');
  const client = useQueryClient();
  const again = () => {
    for (const queryKey of [['launches'], ['pauses'], ['senders'], ['lead']])
      void client.invalidateQueries({ queryKey });
  };
  const pause = useMutation({
    mutationFn: (body: { scope: Scope; id: string | null }) => call('controls.pause', { body }),
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
    mutationFn: (body: { scope: Scope; id: string | null }) => call('controls.resume', { body }),
    onSuccess({ waking }) {
      done(t('resumed', { count: waking }));
      again();
    },
  });
  /** For good, so it can be undone for ten seconds. */
  const stop = (body: { scope: Scope; id: string | null }, name: string) =>
    void soon(t('stopping', { name }), async () => {
      await call('controls.stop', { body });
      again();
    });
  return { pause, resume, stop };
}
