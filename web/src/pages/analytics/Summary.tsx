import { Button, Select, Stack, Text } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer, type Needs } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { SENDER_CHANNELS } from '../../ui/channels.ts';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded, Loading } from '../../ui/states.tsx';
import { day, dayAndMonth } from '../../ui/time.ts';
import classes from './Analytics.module.css';

// Charts are large, and the numbers are there without them.
const Course = lazy(() => import('./Course.tsx'));

type Query = NonNullable<Needs<'analytics.summary'>['query']>;
type Row = Answer<'analytics.summary'>['rows'][number];
const BY = ['day', 'week', 'channel', 'sequence', 'step', 'sender', 'rep'] as const;
export const MEASURES = [
  'sent',
  'delivered',
  'opened',
  'clicked',
  'answered',
  'positive',
  'meetings',
  'unsubscribed',
  'bounced',
] as const satisfies readonly (keyof Row['current'])[];

export interface SummaryProps {
  readonly range: { readonly from: string; readonly to: string; readonly timeZone: string };
  readonly search: {
    readonly by?: string;
    readonly channel?: string;
    readonly sequence?: string;
    readonly sender?: string;
    readonly rep?: string;
  };
  readonly onChange: (changes: {
    by?: string | undefined;
    channel?: string | undefined;
    sequence?: string | undefined;
    sender?: string | undefined;
    rep?: string | undefined;
  }) => void;
}

/** What touches brought in a range, beside the range before it. */
export function Summary({ range, search, onChange }: SummaryProps) {
  const { t } = useTranslation(['analytics', 'common']);
  const by = BY.find((one) => one === search.by) ?? 'day';
  const channel = SENDER_CHANNELS.find((one) => one === search.channel);
  const query: Query = {
    ...range,
    by,
    ...(channel && { channel }),
    ...(search.sequence && { sequence: search.sequence }),
    ...(search.sender && { senderId: search.sender }),
    ...(search.rep && { rep: search.rep }),
  };
  const summary = useQuery({
    queryKey: ['analytics', 'summary', query],
    queryFn: ({ signal }) => call('analytics.summary', { query }, { signal }),
    placeholderData: keepPreviousData,
  });
  const facets = useQuery({
    queryKey: ['leads', 'facets'],
    queryFn: ({ signal }) => call('leads.facets', undefined, { signal }),
  }).data;
  const isManager = useMe().role !== 'rep';
  const senders = useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => call('senders.list', undefined, { signal }),
    enabled: isManager,
  }).data?.items;
  const number = (value: number) => t('number', { value });
  const label = (row: Row, say = (date: string) => day(`${date}T12:00:00Z`, 'UTC')) =>
    // While the next rows are on their way, those of another kind are still here.
    /^\d{4}-\d\d-\d\d$/.test(row.key ?? '')
      ? say(row.key!)
      : SENDER_CHANNELS.some((one) => one === row.key)
        ? t(`common:channel.${row.key as 'email'}`)
        : (row.label ?? row.key ?? t('nobody'));
  return (
    <Stack>
      <div className={classes.filters}>
        <Select
          label={t('by.title')}
          value={by}
          data={BY.map((value) => ({ value, label: t(`by.${value}`) }))}
          onChange={(value) => onChange({ by: value ?? undefined })}
        />
        <Select
          label={t('filter.channel')}
          clearable
          placeholder={t('filter.every')}
          value={channel ?? null}
          data={SENDER_CHANNELS.map((value) => ({ value, label: t(`common:channel.${value}`) }))}
          onChange={(value) => onChange({ channel: value ?? undefined })}
        />
        <Select
          label={t('filter.sequence')}
          clearable
          searchable
          placeholder={t('filter.every')}
          value={search.sequence ?? null}
          data={[...(facets?.sequences ?? [])]}
          onChange={(value) => onChange({ sequence: value ?? undefined })}
        />
        <Select
          label={t('filter.rep')}
          clearable
          searchable
          placeholder={t('filter.every')}
          value={search.rep ?? null}
          data={[...(facets?.owners ?? [])]}
          onChange={(value) => onChange({ rep: value ?? undefined })}
        />
        {isManager && (
          <Select
            label={t('by.sender')}
            clearable
            searchable
            placeholder={t('filter.every')}
            value={search.sender ?? null}
            data={(senders ?? []).map(({ id, channel: of, name, address }) => ({
              value: id,
              label: `${name} · ${t(`common:channel.${of}`)} · ${address}`,
            }))}
            comboboxProps={{ width: 'max-content' }}
            onChange={(value) => onChange({ sender: value ?? undefined })}
          />
        )}
        <Button variant="default" component="a" href={addressOf('analytics.summaryCsv', { query })} download>
          {t('common:action.export')}
        </Button>
      </div>
      <Loaded query={summary} rows={8}>
        {({ total, rows, counted }) => (
          <>
            {!counted && <Text c="dimmed">{t('counting')}</Text>}
            <dl className={classes.tiles}>
              {MEASURES.map((measure) => (
                <Tile
                  key={measure}
                  name={t(`measure.${measure}`)}
                  now={total.current[measure]}
                  before={total.previous[measure]}
                  of={measure === 'sent' ? null : total.current.sent}
                />
              ))}
            </dl>
            {total.current.sent === 0 && total.previous.sent === 0 ? (
              <Empty icon={IconChartBar} title={t('empty')} text={t('emptyText')} />
            ) : (
              <>
                {(by === 'day' || by === 'week') && (
                  <Card title={t('course')}>
                    <Suspense fallback={<Loading rows={6} />}>
                      <Course rows={rows} label={(row) => label(row, dayAndMonth)} />
                    </Suspense>
                  </Card>
                )}
                <Card flush>
                  <Rows
                    label={t('table')}
                    rows={by === 'day' || by === 'week' ? rows.toReversed() : rows}
                    rowKey={(row) => `${row.sequence} ${row.key}`}
                    columns={[
                      {
                        key: 'key',
                        header: t(`by.${by}`),
                        render: (row) =>
                          by === 'channel' && row.key ? (
                            <Channel channel={row.key} />
                          ) : (
                            <span>
                              <bdi>{label(row)}</bdi>
                              {by === 'step' && row.sequence && (
                                <Text span size="xs" c="dimmed">
                                  {' '}
                                  {row.sequence}
                                </Text>
                              )}
                            </span>
                          ),
                      },
                      ...MEASURES.map((measure) => ({
                        key: measure,
                        header: t(`measure.${measure}`),
                        numeric: true,
                        render: (row: Row) => (
                          <span title={t('before', { count: row.previous[measure] })}>
                            {number(row.current[measure])}
                          </span>
                        ),
                      })),
                    ]}
                  />
                </Card>
              </>
            )}
          </>
        )}
      </Loaded>
    </Stack>
  );
}

function Tile({ name, now, before, of }: { name: string; now: number; before: number; of: number | null }) {
  const { t } = useTranslation('analytics');
  return (
    <div className={classes.tile}>
      <dt>{name}</dt>
      <dd>
        {t('number', { value: now })}
        {of !== null && of > 0 && <span className={classes.rate}>{t('percent', { value: now / of })}</span>}
      </dd>
      <dd className={classes.before} title={t('before', { count: before })}>
        {t('beforeShort', { value: before })}
      </dd>
    </div>
  );
}
