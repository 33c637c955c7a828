import { Button, Group, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../ui/Notice.tsx';
import { moment } from '../../ui/time.ts';
import { Lines } from './Difference.tsx';
import { linesOf } from './Meanwhile.tsx';
import type { Unsaved } from './unsaved.ts';
import classes from './Workbench.module.css';

export interface LeftProps {
  readonly left: Unsaved;
  /** What stands in the editor. */
  readonly now: string;
  readonly onTake: () => void;
  readonly onDrop: () => void;
}

/** Says that text of an earlier visit was not saved, and lets go on with it. */
export function Left({ left, now, onTake, onDrop }: LeftProps) {
  const { t } = useTranslation('sequences');
  const [open, setOpen] = useState(false);
  return (
    <div className={classes.meanwhile} role="status">
      <Notice tone="accent" title={t('left.title', { when: moment(left.at) })}>
        <Group gap="xs">
          <Button size="compact-md" onClick={onTake}>
            {t('left.take')}
          </Button>
          <Button
            size="compact-md"
            variant="default"
            aria-expanded={open}
            onClick={() => setOpen((before) => !before)}
          >
            {t('meanwhile.difference')}
          </Button>
          <Button size="compact-md" variant="default" onClick={onDrop}>
            {t('left.drop')}
          </Button>
        </Group>
        {open && (
          <>
            <Text size="sm">{t('left.legend')}</Text>
            <Lines lines={linesOf(now, left.text)} />
          </>
        )}
      </Notice>
    </div>
  );
}
