import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import classes from './Analytics.module.css';

type Row = Answer<'analytics.summary'>['rows'][number];

/** Touches and answers over time; the table below says the same in numbers. */
export default function Course({ rows, label }: { rows: readonly Row[]; label: (row: Row) => string }) {
  const { t } = useTranslation('analytics');
  const data = rows.map((row) => ({
    at: label(row),
    sent: row.current.sent,
    answered: row.current.answered,
    positive: row.current.positive,
  }));
  return (
    <div className={classes.chart} role="img" aria-label={t('courseSaid', { count: rows.length })}>
      <BarChart
        h={240}
        data={data}
        dataKey="at"
        withLegend
        tickLine="none"
        gridAxis="x"
        yAxisProps={{ allowDecimals: false }}
        barProps={{ isAnimationActive: false }}
        series={[
          { name: 'sent', label: t('measure.sent'), color: 'var(--c-accent-text)' },
          { name: 'answered', label: t('measure.answered'), color: 'var(--c-call)' },
          { name: 'positive', label: t('measure.positive'), color: 'var(--c-good)' },
        ]}
      />
    </div>
  );
}
