import { Button, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../ui/Notice.tsx';
import { Compared } from './Compared.tsx';
import classes from './Workbench.module.css';
import type { Kept } from './writing.ts';

export interface MeanwhileProps {
  readonly theirs: Kept;
  readonly mine: string;
  readonly onMine: () => void;
  readonly onTheirs: () => void;
}

/** Says that somebody changed what is being typed at, and lets choose between the two. */
export function Meanwhile({ theirs, mine, onMine, onTheirs }: MeanwhileProps) {
  const { t } = useTranslation('sequences');
  const title =
    theirs.version === null
      ? t('meanwhile.gone')
      : t('meanwhile.changed', { who: theirs.by ?? t('meanwhile.somebody') });
  return (
    <div className={classes.meanwhile} role="alert">
      <Notice tone="warn" title={title}>
        <Text size="sm">{t('meanwhile.text')}</Text>
        <Compared from={theirs.source} to={mine} legend={t('meanwhile.legend')}>
          <Button size="compact-md" variant="default" onClick={onTheirs}>
            {t('meanwhile.theirs')}
          </Button>
          <Button size="compact-md" variant="default" onClick={onMine}>
            {t('meanwhile.mine')}
          </Button>
        </Compared>
      </Notice>
    </div>
  );
}
