import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../ui/Notice.tsx';
import { moment } from '../../ui/time.ts';
import { Compared } from './Compared.tsx';
import type { Unsaved as Text } from './use-unsaved.ts';
import classes from './Workbench.module.css';

export interface UnsavedProps {
  readonly left: Text;
  /** What stands in the editor. */
  readonly now: string;
  readonly onTake: () => void;
  readonly onDrop: () => void;
}

/** Says that text of an earlier visit was not saved, and lets go on with it. */
export function Unsaved({ left, now, onTake, onDrop }: UnsavedProps) {
  const { t } = useTranslation('sequences');
  return (
    <div className={classes.meanwhile} role="status">
      <Notice tone="accent" title={t('left.title', { when: moment(left.at) })}>
        <Compared from={now} to={left.text} legend={t('left.legend')}>
          <Button size="compact-md" onClick={onTake}>
            {t('left.take')}
          </Button>
          <Button size="compact-md" variant="default" onClick={onDrop}>
            {t('left.drop')}
          </Button>
        </Compared>
      </Notice>
    </div>
  );
}
