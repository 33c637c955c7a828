import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Loaded } from '../../ui/states.tsx';
import classes from './Results.module.css';

type Arm = Answer<'sequences.numbers'>['arms'][number];

/** What came of each step, and which variant does better, with how sure that is. */
export function Results({ name }: { name: string }) {
  const { t } = useTranslation('sequences');
  const numbers = useQuery({
    queryKey: ['sequences', name, 'numbers'],
    queryFn: ({ signal }) => call('sequences.numbers', { path: { name } }, { signal }),
  });
  const number = (value: number) => t('number', { value });
  return (
    <div className={classes.page}>
      <Loaded query={numbers}>
        {({ steps, arms }) => (
          <Stack>
            {[...new Set(arms.map(({ step }) => step))].map((step) => (
              <Arms key={step} step={step} arms={arms.filter((arm) => arm.step === step)} />
            ))}
            <Card title={t('tab.results')} flush>
              <Rows
                label={t('tab.results')}
                rows={steps}
                rowKey={({ step }) => step}
                columns={[
                  { key: 'step', header: t('column.step'), render: ({ step }) => step },
                  ...(['reached', 'waiting', 'sent', 'answered', 'left', 'skipped', 'failed'] as const).map(
                    (key) => ({
                      key,
                      header: t(`column.${key}`),
                      numeric: true,
                      render: (row: (typeof steps)[number]) => number(row[key]),
                    }),
                  ),
                ]}
              />
            </Card>
          </Stack>
        )}
      </Loaded>
    </div>
  );
}

const percent = (rate: number) => `${(rate * 100).toFixed(1)} %`;

function Arms({ step, arms }: { step: string; arms: readonly Arm[] }) {
  const { t } = useTranslation('sequences');
  const top = Math.max(0.01, ...arms.map(({ interval }) => interval?.high ?? 0));
  const at = (rate: number) => `${(rate / top) * 100}%`;
  return (
    <Card title={t('ab.title', { step })}>
      <div className={classes.arms}>
        {arms.map((arm) => (
          <div key={arm.arm} className={classes.arm}>
            <Text fw={500}>{arm.arm}</Text>
            <div
              className={classes.scale}
              role="img"
              aria-label={
                arm.interval && arm.rate !== null
                  ? t('ab.said', {
                      arm: arm.arm,
                      rate: percent(arm.rate),
                      low: percent(arm.interval.low),
                      high: percent(arm.interval.high),
                    })
                  : t('ab.tooFew')
              }
            >
              {arm.interval && arm.rate !== null && (
                <>
                  <span className={classes.rate} style={{ width: at(arm.rate) }} />
                  <span
                    className={classes.interval}
                    style={{ left: at(arm.interval.low), width: at(arm.interval.high - arm.interval.low) }}
                  />
                </>
              )}
            </div>
            <Text size="sm" className="numbers">
              {arm.rate === null ? t('ab.tooFew') : `${percent(arm.rate)} (${arm.answered}/${arm.contacted})`}
            </Text>
            <Text size="sm" c="dimmed" className={classes.verdict}>
              {arm.difference
                ? arm.difference.low > 0
                  ? t('ab.better')
                  : arm.difference.high < 0
                    ? t('ab.worse')
                    : t('ab.unsure')
                : t('ab.first')}
            </Text>
          </div>
        ))}
      </div>
    </Card>
  );
}
