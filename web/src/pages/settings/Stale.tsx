import { Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '../../ui/Notice.tsx';
import type { Draft } from './use-draft.ts';

/** Says that somebody else changed what is typed at, and lets choose between the two. */
export function Stale({
  of: { isStale, takeTheirs, keepMine },
}: {
  of: Pick<Draft<unknown>, 'isStale' | 'takeTheirs' | 'keepMine'>;
}) {
  const { t } = useTranslation('settings');
  if (!isStale) return null;
  return (
    <div role="alert">
      <Notice tone="warn" title={t('stale.title')}>
        <Text size="sm">{t('stale.text')}</Text>
        <Group gap="xs">
          <Button size="compact-md" variant="default" onClick={takeTheirs}>
            {t('stale.theirs')}
          </Button>
          <Button size="compact-md" variant="default" onClick={keepMine}>
            {t('stale.mine')}
          </Button>
        </Group>
      </Notice>
    </div>
  );
}
