import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import classes from './Analytics.module.css';

type Row = Answer<'analytics.summary'>['rows'][number];

/**
 * Touches over time, and below them, on a scale of their own, what came back: beside hundreds of touches nobody would see a few answers.
 * The table below says the same in numbers.
 */
export default function Course({ rows, label }: { rows: readonly Row[]; label: (row: Row) => string }) {
  const { t } = useTranslation('analytics');
  const data = rows.map((row) => ({
    at: label(row),
    sent: row.current.sent,
    positive: row.current.positive,
    // Positive answers are answers, too: on top of them stands the rest.
    others: Math.max(0, row.current.answered - row.current.positive),
  }));
  const common = {
    data,
    dataKey: 'at',
    tickLine: 'none',
    gridAxis: 'x',
    yAxisProps: { allowDecimals: false, width: 44, tickCount: 3 },
    barProps: { isAnimationActive: false, maxBarSize: 28 },
  } as const;
  return (
    <div className={classes.chart} role="img" aria-label={t('courseSaid', { count: rows.length })}>
      <div className={classes.chartTitle}>{t('measure.sent')}</div>
      <BarChart
        h={150}
        {...common}
        withXAxis={false}
        series={[{ name: 'sent', label: t('measure.sent'), color: 'var(--c-accent-text)' }]}
      />
      <div className={classes.chartTitle}>
        <span style={{ background: 'var(--c-good)' }} />
        {t('measure.positive')}
        <span style={{ background: 'var(--c-call)' }} />
        {t('otherAnswers')}
      </div>
      <BarChart
        h={150}
        {...common}
        type="stacked"
        series={[
          { name: 'positive', label: t('measure.positive'), color: 'var(--c-good)' },
          { name: 'others', label: t('otherAnswers'), color: 'var(--c-call)' },
        ]}
      />
    </div>
  );
}
