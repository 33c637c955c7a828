import { Button, Group, Stack, Text } from '@mantine/core';
import { IconTrendingUp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import classes from './Analytics.module.css';
import { useMoney } from './money.ts';

type Forecast = Answer<'analytics.forecast'>;
type Estimate = Forecast['total']['positive'];

/** Tenths of people say something among a few, and nothing among many. */
const inPeople = (count: number): number => (count < 10 ? count : Math.round(count));

/** What is to be expected of the leads that are on their way, with how sure that is. */
export function Expectation() {
  const { t } = useTranslation(['analytics', 'common']);
  const money = useMoney();
  const forecast = useQuery({
    queryKey: ['analytics', 'forecast'],
    queryFn: ({ signal }) => call('analytics.forecast', undefined, { signal }),
  });
  const estimate = (one: Estimate) =>
    one === null
      ? t('forecast.tooFew')
      : t('forecast.range', {
          expected: inPeople(one.expected),
          low: inPeople(one.low),
          high: inPeople(one.high),
        });
  const value = (values: Forecast['total']['value']) =>
    values
      .map(
        (one) =>
          `${money(one.expected, one.currency)} (${money(one.low, one.currency)}–${money(one.high, one.currency)})`,
      )
      .join(', ') || '–';
  return (
    <Loaded query={forecast} rows={6}>
      {({ total, sequences, steps, minimumCases }) =>
        total.active === 0 ? (
          <Empty icon={IconTrendingUp} title={t('forecast.empty')} text={t('forecast.emptyText')} />
        ) : (
          <Stack>
            <Group justify="flex-end">
              <Button variant="default" component="a" href={addressOf('analytics.forecastCsv')} download>
                {t('common:action.export')}
              </Button>
            </Group>
            <dl className={classes.tiles}>
              {(
                [
                  ['active', t('number', { value: total.active })],
                  ['positive', estimate(total.positive)],
                  ['meetings', estimate(total.meetings)],
                  ['sales', estimate(total.sales)],
                  ['value', value(total.value)],
                ] as const
              ).map(([name, said]) => (
                <div key={name} className={classes.tile}>
                  <dt>{t(`forecast.${name}`)}</dt>
                  <dd>{said}</dd>
                </div>
              ))}
            </dl>
            <Card title={t('forecast.sequences')} flush>
              <Rows
                label={t('forecast.sequences')}
                rows={sequences}
                rowKey={({ sequence }) => sequence}
                columns={[
                  { key: 'title', header: t('by.sequence'), render: ({ title }) => <bdi>{title}</bdi> },
                  {
                    key: 'active',
                    header: t('forecast.active'),
                    numeric: true,
                    render: ({ active }) => t('number', { value: active }),
                  },
                  {
                    key: 'positive',
                    header: t('forecast.positive'),
                    numeric: true,
                    render: ({ positive }) => estimate(positive),
                  },
                  {
                    key: 'meetings',
                    header: t('forecast.meetings'),
                    numeric: true,
                    render: ({ meetings }) => estimate(meetings),
                  },
                  {
                    key: 'sales',
                    header: t('forecast.sales'),
                    numeric: true,
                    render: ({ sales }) => estimate(sales),
                  },
                  {
                    key: 'value',
                    header: t('forecast.value'),
                    numeric: true,
                    render: (row) => value(row.value),
                  },
                ]}
              />
            </Card>
            <Card title={t('forecast.steps')} flush>
              <Rows
                label={t('forecast.steps')}
                rows={steps}
                rowKey={({ sequence, step }) => `${sequence} ${step}`}
                columns={[
                  {
                    key: 'step',
                    header: t('by.step'),
                    render: ({ sequence, step }) => `${sequence}: ${step}`,
                  },
                  {
                    key: 'active',
                    header: t('forecast.active'),
                    numeric: true,
                    render: ({ active }) => t('number', { value: active }),
                  },
                  {
                    key: 'cases',
                    header: t('forecast.cases'),
                    numeric: true,
                    render: ({ cases }) => t('number', { value: cases }),
                  },
                  {
                    key: 'positive',
                    header: t('forecast.positive'),
                    numeric: true,
                    render: ({ positive }) => estimate(positive),
                  },
                  {
                    key: 'sales',
                    header: t('forecast.sales'),
                    numeric: true,
                    render: ({ sales }) => estimate(sales),
                  },
                ]}
              />
            </Card>
            <Text size="xs" c="dimmed">
              {t('forecast.how', { count: minimumCases })}
            </Text>
          </Stack>
        )
      }
    </Loaded>
  );
}
