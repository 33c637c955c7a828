import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconArrowRight, IconRoute2 } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import classes from './Analytics.module.css';
import type { SummaryProps } from './Summary.tsx';
import { useMoney } from './money.ts';

const STAGES = ['sessions', 'contacts', 'qualified', 'sales'] as const;
type Row = Answer<'analytics.attribution'>['rows'][number];

/** Which channel brought what: by the first touch before it, or the last; and the ways that led there. */
export function Attribution({
  range,
  model,
  onChange,
}: {
  range: SummaryProps['range'];
  model: 'first' | 'last';
  onChange: (changes: { model: string }) => void;
}) {
  const { t } = useTranslation(['analytics', 'common']);
  const money = useMoney();
  const query = { ...range, model };
  const attribution = useQuery({
    queryKey: ['analytics', 'attribution', query],
    queryFn: ({ signal }) => call('analytics.attribution', { query }, { signal }),
    placeholderData: keepPreviousData,
  });
  const number = (value: number) => t('number', { value });
  return (
    <Stack>
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={t('model.title')}
          value={model}
          onChange={(value) => onChange({ model: value })}
          data={(['first', 'last'] as const).map((value) => ({ value, label: t(`model.${value}`) }))}
        />
        <Button
          variant="default"
          component="a"
          href={addressOf('analytics.attributionCsv', { query })}
          download
        >
          {t('common:action.export')}
        </Button>
      </Group>
      <Loaded query={attribution} rows={5}>
        {({ rows, lookbackDays }) =>
          rows.every((row) => STAGES.every((stage) => row[stage] === 0)) ? (
            <Empty icon={IconRoute2} title={t('attribution.empty')} text={t('attribution.emptyText')} />
          ) : (
            <>
              <div className={classes.stages}>
                {STAGES.map((stage) => (
                  <Stage key={stage} stage={stage} rows={rows} />
                ))}
              </div>
              <Card flush>
                <Rows
                  label={t('tab.attribution')}
                  rows={rows}
                  rowKey={({ channel }) => channel ?? 'none'}
                  columns={[
                    {
                      key: 'channel',
                      header: t('by.channel'),
                      render: ({ channel }) =>
                        channel ? <Channel channel={channel} /> : t('attribution.none'),
                    },
                    ...STAGES.map((stage) => ({
                      key: stage,
                      header: t(`stage.${stage}`),
                      numeric: true,
                      render: (row: Row) => number(row[stage]),
                    })),
                    {
                      key: 'amounts',
                      header: t('amount'),
                      numeric: true,
                      render: ({ amounts }: Row) =>
                        amounts.map(({ currency, amount }) => money(amount, currency)).join(', ') || '–',
                    },
                  ]}
                />
              </Card>
              <Text size="xs" c="dimmed">
                {t('attribution.how', { count: lookbackDays })}
              </Text>
            </>
          )
        }
      </Loaded>
      <Journeys range={range} />
    </Stack>
  );
}

/** One stage, channel by channel; bars from zero, labelled where they are. */
function Stage({ stage, rows }: { stage: (typeof STAGES)[number]; rows: readonly Row[] }) {
  const { t } = useTranslation(['analytics', 'common']);
  const most = Math.max(1, ...rows.map((row) => row[stage]));
  const total = rows.reduce((sum, row) => sum + row[stage], 0);
  return (
    <Card title={`${t(`stage.${stage}`)}: ${t('number', { value: total })}`}>
      <ul className={classes.bars}>
        {rows
          .filter((row) => row[stage] > 0)
          .map((row) => (
            <li key={row.channel ?? 'none'}>
              <span>{row.channel ? t(`common:channel.${row.channel}`) : t('attribution.none')}</span>
              <span className={classes.track} aria-hidden>
                <span
                  data-channel={row.channel ?? undefined}
                  style={{
                    width: `${(row[stage] / most) * 100}%`,
                    background: row.channel ? `var(--c-${row.channel})` : 'var(--c-neutral)',
                  }}
                />
              </span>
              <b>{t('number', { value: row[stage] })}</b>
            </li>
          ))}
      </ul>
    </Card>
  );
}

function Journeys({ range }: { range: SummaryProps['range'] }) {
  const { t } = useTranslation(['analytics', 'common']);
  const journeys = useQuery({
    queryKey: ['analytics', 'journeys', range],
    queryFn: ({ signal }) => call('analytics.journeys', { query: { ...range, most: 20 } }, { signal }),
    placeholderData: keepPreviousData,
  });
  return (
    <Loaded query={journeys} rows={3}>
      {({ rows }) =>
        rows.length === 0 ? null : (
          <Card
            title={t('journeys')}
            flush
            actions={
              <Button
                variant="default"
                component="a"
                aria-label={`${t('common:action.export')}: ${t('journeys')}`}
                href={addressOf('analytics.journeysCsv', { query: range })}
                download
              >
                {t('common:action.export')}
              </Button>
            }
          >
            <Rows
              label={t('journeys')}
              rows={rows}
              rowKey={({ stage, path }) => `${stage} ${path.join('>')}`}
              columns={[
                { key: 'stage', header: t('leadTo'), render: ({ stage }) => t(`stage.${stage}`) },
                {
                  key: 'path',
                  header: t('way'),
                  render: ({ path }) => (
                    <Group gap={6}>
                      {path.length === 0 && t('attribution.none')}
                      {path.map((channel, index) => (
                        // oxlint-disable-next-line react/no-array-index-key -- the same channel comes more than once
                        <Fragment key={index}>
                          {index > 0 && <IconArrowRight size={14} aria-hidden />}
                          <Channel channel={channel} />
                        </Fragment>
                      ))}
                    </Group>
                  ),
                },
                {
                  key: 'count',
                  header: t('times'),
                  numeric: true,
                  render: ({ count }) => t('number', { value: count }),
                },
                {
                  key: 'share',
                  header: t('share'),
                  numeric: true,
                  render: ({ share }) => t('percent', { value: share }),
                },
              ]}
            />
          </Card>
        )
      }
    </Loaded>
  );
}
