import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { useControls, usePauses } from './controls.ts';
import { PauseDialog, type ToPause } from './Pause.tsx';

/** Says that a sequence is paused, and pauses it or lets it go on. A rep does so in the list of launches, where all of its launches are theirs. */
export function PauseSequence({ id, title }: { id: string; title: string }) {
  const { t } = useTranslation('launches');
  const isRep = useMe().role === 'rep';
  const { resume } = useControls();
  const [pausing, setPausing] = useState<ToPause | null>(null);
  const pauses = usePauses().data?.items;
  const target = { scope: 'sequence', id } as const;
  const paused = pauses?.some(({ scopeId }) => scopeId === id);
  return (
    <>
      {paused && <Badge tone="warn">{t('state.paused')}</Badge>}
      {!isRep && (
        <Button
          variant="default"
          loading={resume.isPending}
          disabled={pauses === undefined}
          onClick={() => (paused ? resume.mutate(target) : setPausing({ ...target, name: title }))}
        >
          {t(paused ? 'resume' : 'pause')}
        </Button>
      )}
      <PauseDialog what={pausing} onClose={() => setPausing(null)} />
    </>
  );
}
