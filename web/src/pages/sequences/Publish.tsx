import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { done } from '../../ui/notify.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Difference } from './Difference.tsx';

export interface PublishProps {
  readonly name: string;
  readonly source: string;
  /** Nothing of it was published before. */
  readonly isFirst: boolean;
  readonly onDone: () => unknown;
}

/** What publishing would change, and for how many; then publishing. */
export function Publish({ name, source, isFirst, onDone }: PublishProps) {
  const { t } = useTranslation(['sequences', 'common']);
  const path = { name };
  const plan = useQuery({
    queryKey: ['sequences', name, 'plan', source],
    queryFn: ({ signal }) => call('sequences.planPublication', { path, body: { source } }, { signal }),
    staleTime: 0,
    retry: false,
  });
  const publish = useMutation({
    mutationFn: () => call('sequences.publish', { path, body: { source } }),
    onSuccess({ outcome }) {
      done(t(`published.${outcome}`));
      void onDone();
    },
  });
  return (
    <Loaded query={plan} rows={4}>
      {({ outcome, running, affected, holds, difference }) => (
        <Stack>
          <Text>
            {isFirst
              ? t('plan.first')
              : t(`plan.${outcome}`, { count: outcome === 'new_copy' ? affected : running })}
          </Text>
          {holds.map(({ step, variable, leads }) => (
            <Notice
              key={`${step}${variable}`}
              tone="warn"
              title={t('plan.holds', { count: leads, step, variable })}
            />
          ))}
          {!isFirst && <Difference difference={difference} />}
          <Group justify="flex-end">
            <Button
              loading={publish.isPending}
              disabled={outcome === 'unchanged' || outcome === 'would_hold'}
              onClick={() => publish.mutate()}
            >
              {t('publish')}
            </Button>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}
