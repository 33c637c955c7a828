import { Button, Group, Text } from '@mantine/core';
import { diffLines } from 'diff';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../ui/Notice.tsx';
import { Lines } from './Difference.tsx';
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
  const [open, setOpen] = useState(false);
  const title =
    theirs.version === null
      ? t('meanwhile.gone')
      : t('meanwhile.changed', { who: theirs.by ?? t('meanwhile.somebody') });
  return (
    <div className={classes.meanwhile} role="alert">
      <Notice tone="warn" title={title}>
        <Text size="sm">{t('meanwhile.text')}</Text>
        <Group gap="xs">
          <Button
            size="compact-md"
            variant="default"
            aria-expanded={open}
            onClick={() => setOpen((before) => !before)}
          >
            {t('meanwhile.difference')}
          </Button>
          <Button size="compact-md" variant="default" onClick={onTheirs}>
            {t('meanwhile.theirs')}
          </Button>
          <Button size="compact-md" variant="default" onClick={onMine}>
            {t('meanwhile.mine')}
          </Button>
        </Group>
        {open && (
          <>
            <Text size="sm">{t('meanwhile.legend')}</Text>
            <Lines lines={linesOf(theirs.source, mine)} />
          </>
        )}
      </Notice>
    </div>
  );
}

/** The lines of two texts: what is only in the first is removed, what is only in the second added. */
export function linesOf(theirs: string, mine: string) {
  const parts = diffLines(theirs, mine, { timeout: 500 }) ?? [
    { value: theirs, removed: true, added: false },
    { value: mine, removed: false, added: true },
  ];
  return parts.flatMap(({ value, added, removed }) =>
    value
      .replace(/\n$/, '')
      .split('\n')
      .map((text) => ({ kind: added ? 'added' : removed ? 'removed' : 'same', text }) as const),
  );
}
