import { Button, NumberInput, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { done } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Stale } from './Stale.tsx';
import { useDraft } from './use-draft.ts';

type Kept = Answer<'retention.read'>;

/** What is kept for how long. */
export function Retention() {
  const { t } = useTranslation('settings');
  const retention = useQuery({
    queryKey: ['retention'],
    queryFn: ({ signal }) => call('retention.read', undefined, { signal }),
  });
  return (
    <Loaded query={retention} rows={5}>
      {(kept) => (
        <>
          <Own kept={kept} />
          <Card title={t('retention.fixed')} flush>
            <Rows
              label={t('retention.fixed')}
              rows={kept.fixed}
              rowKey={({ what }) => what}
              columns={[
                {
                  key: 'what',
                  header: t('retention.what'),
                  render: ({ what }) => t(`retention.kinds.${what}`),
                },
                { key: 'days', header: t('retention.days'), numeric: true, render: ({ days }) => days },
                { key: 'by', header: t('retention.by'), render: ({ by }) => t(`retention.setBy.${by}`) },
              ]}
            />
          </Card>
        </>
      )}
    </Loaded>
  );
}

const months = (value: number | string): number | null => (value === '' ? null : Number(value));

function Own({ kept }: { kept: Kept }) {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const draft = useDraft<{ readonly leads: number | string; readonly audit: number | string }>(
    { leads: kept.inactiveLeadMonths ?? '', audit: kept.auditMonths ?? '' },
    String(kept.version),
  );
  const { leads, audit } = draft.value;
  const wanted = months(leads);
  const preview = useQuery({
    queryKey: ['retention', 'preview', wanted],
    queryFn: ({ signal }) =>
      call('retention.preview', { query: { inactiveLeadMonths: wanted! } }, { signal }),
    enabled: wanted !== null,
  });
  const save = useMutation({
    mutationFn: () =>
      call(
        'retention.write',
        { body: { inactiveLeadMonths: wanted, auditMonths: months(audit) } },
        { ifMatch: `"${draft.version}"` },
      ),
    onSuccess() {
      done(t('saved'));
      draft.settle();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['retention'] }),
  });
  return (
    <Card title={t('part.retention')}>
      <Stack maw={520}>
        <Stale of={draft} />
        <NumberInput
          label={t('retention.leads')}
          description={t('retention.leadsHint')}
          placeholder={t('never')}
          min={1}
          max={120}
          value={leads}
          onChange={(value) => draft.change({ leads: value, audit })}
        />
        {preview.data && (
          <Text size="sm" aria-live="polite">
            {t('retention.would', { count: preview.data.leads })}
          </Text>
        )}
        <NumberInput
          label={t('retention.audit')}
          placeholder={t('never')}
          min={1}
          max={120}
          value={audit}
          onChange={(value) => draft.change({ leads, audit: value })}
        />
        <Button loading={save.isPending} onClick={() => save.mutate()} style={{ alignSelf: 'start' }}>
          {t('common:action.save')}
        </Button>
      </Stack>
    </Card>
  );
}
