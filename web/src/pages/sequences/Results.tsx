import { Button, Group, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { moment } from '../../ui/time.ts';
import classes from './Results.module.css';
import { newestBegun, useVersions } from './versions.ts';

type Arm = Answer<'analytics.experiments'>['arms'][number];

/** What arms are held against each other by. */
const MEASURES = ['answered', 'positive', 'meetings'] as const;
type Measure = (typeof MEASURES)[number];

/** What came of a version: of the one that is asked for, else of the newest in which anybody was. */
export function Results({ name, by, version }: { name: string; by: string | null; version: string | null }) {
  const { t } = useTranslation('sequences');
  const navigate = useNavigate();
  const versions = useVersions(name);
  return (
    <div className={classes.page}>
      <Loaded query={versions}>
        {({ items }) => {
          const shown = items.find(({ id }) => id === version) ?? newestBegun(items) ?? items[0];
          return (
            <Stack>
              {items.length > 1 && (
                <Select
                  label={t('resultsOf')}
                  w={300}
                  data={items.map(({ id, number, createdAt, begun }) => ({
                    value: id,
                    label: t(begun ? 'versionAt' : 'versionUnused', { number, when: moment(createdAt) }),
                  }))}
                  value={shown?.id ?? null}
                  onChange={(to) =>
                    void navigate({
                      to: '/sequences/$name',
                      params: { name },
                      search: (before) => ({ ...before, tab: 'results', ...(to && { version: to }) }),
                      replace: true,
                    })
                  }
                />
              )}
              {shown && <Numbers key={shown.id} name={name} by={by} version={shown.id} />}
            </Stack>
          );
        }}
      </Loaded>
    </div>
  );
}

/** What came of each step, and which variant does better by which measure, with how sure that is. */
function Numbers({ name, by, version }: { name: string; by: string | null; version: string }) {
  const { t } = useTranslation(['sequences', 'common']);
  const navigate = useNavigate();
  const measure = MEASURES.find((one) => one === by) ?? 'answered';
  const numbers = useQuery({
    queryKey: ['sequences', name, 'numbers', version],
    queryFn: ({ signal }) => call('sequences.numbers', { path: { name }, query: { version } }, { signal }),
  });
  const experiments = useQuery({
    queryKey: ['sequences', name, 'experiments', version],
    queryFn: ({ signal }) =>
      call('analytics.experiments', { query: { sequence: name, version } }, { signal }),
  });
  const number = (value: number) => t('number', { value });
  return (
    <>
      {/* Both at once, so that neither pushes the other away. */}
      <Loaded query={experiments}>
        {({ arms }) => (
          <Loaded query={numbers}>
            {({ steps }) => (
              <Stack>
                {arms.length > 0 && (
                  <Stack>
                    <Group justify="space-between">
                      <SegmentedControl
                        size="xs"
                        aria-label={t('ab.by')}
                        value={measure}
                        onChange={(to) =>
                          void navigate({
                            to: '/sequences/$name',
                            params: { name },
                            search: (before) => ({ ...before, tab: 'results', measure: to }),
                            replace: true,
                          })
                        }
                        data={MEASURES.map((value) => ({ value, label: t(`ab.measure.${value}`) }))}
                      />
                      <Button
                        variant="default"
                        component="a"
                        href={addressOf('analytics.experimentsCsv', { query: { sequence: name, version } })}
                        download
                      >
                        {t('common:action.export')}
                      </Button>
                    </Group>
                    {[...new Set(arms.map(({ step }) => step))].map((step) => (
                      <Arms
                        key={step}
                        step={step}
                        arms={arms.filter((arm) => arm.step === step)}
                        measure={measure}
                      />
                    ))}
                  </Stack>
                )}
                {steps.length === 0 ? (
                  <Empty icon={IconChartBar} title={t('noResults')} text={t('noResultsText')} />
                ) : (
                  <Card title={t('tab.results')} flush>
                    <Rows
                      label={t('tab.results')}
                      rows={steps}
                      rowKey={({ step }) => step}
                      columns={[
                        { key: 'step', header: t('column.step'), render: ({ step }) => step },
                        ...(
                          ['reached', 'waiting', 'sent', 'answered', 'left', 'skipped', 'failed'] as const
                        ).map((key) => ({
                          key,
                          header: t(`column.${key}`),
                          numeric: true,
                          render: (row: (typeof steps)[number]) => number(row[key]),
                        })),
                      ]}
                    />
                  </Card>
                )}
              </Stack>
            )}
          </Loaded>
        )}
      </Loaded>
    </>
  );
}

function Arms({ step, arms, measure }: { step: string; arms: readonly Arm[]; measure: Measure }) {
  const { t } = useTranslation('sequences');
  const percent = (value: number) => t('ab.percent', { value });
  const top = Math.max(0.01, ...arms.map((arm) => arm[measure].interval?.high ?? 0));
  const at = (part: number) => `${(part / top) * 100}%`;
  return (
    <Card title={t(`ab.title.${measure}`, { step })}>
      <div className={classes.arms}>
        {arms.map(({ arm, contacted, [measure]: { count, rate, interval, verdict } }) => (
          <div key={arm} className={classes.arm}>
            <Text fw={500}>{arm}</Text>
            <div
              className={classes.scale}
              role="img"
              aria-label={
                interval && rate !== null
                  ? t(`ab.said.${measure}`, {
                      arm,
                      rate: percent(rate),
                      low: percent(interval.low),
                      high: percent(interval.high),
                    })
                  : t('ab.nobody')
              }
            >
              {interval && rate !== null && (
                <>
                  <span className={classes.rate} style={{ width: at(rate) }} />
                  <span
                    className={classes.interval}
                    style={{ left: at(interval.low), width: at(interval.high - interval.low) }}
                  />
                </>
              )}
            </div>
            <Text size="sm" className="numbers">
              {rate === null || !interval
                ? t('ab.nobody')
                : t('ab.rate', {
                    rate,
                    count,
                    contacted,
                    low: percent(interval.low),
                    high: percent(interval.high),
                  })}
            </Text>
            <Text size="sm" c="dimmed" className={classes.verdict}>
              {t(`ab.verdict.${verdict ?? 'first'}`)}
            </Text>
          </div>
        ))}
      </div>
    </Card>
  );
}
