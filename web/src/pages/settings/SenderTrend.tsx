import { useTranslation } from 'react-i18next';
import { Rows } from '../../ui/Rows.tsx';
import { dayAndMonth } from '../../ui/time.ts';
import { dayLimit, totalOf, type Sender, type SenderDays } from './sender-health.ts';
import classes from './SenderTrend.module.css';

interface TrendProps {
  readonly sender: Sender;
  readonly days: SenderDays;
}

/** A bar a day, as high as what went out beside the day's limit; what went wrong is its lower part. */
export function SenderTrend({ sender, days }: TrendProps) {
  const { t } = useTranslation('settings');
  const said = useSaid(days);
  const limit = dayLimit(sender);
  const most = Math.max(1, limit ?? 0, ...days.days.map(({ used, failed }) => used + failed));
  const height = (count: number) => `${(count / most) * 100}%`;
  return (
    <div className={classes.trend}>
      <div className={classes.bars} role="img" aria-label={t('senders.trend.said', { said })}>
        {limit !== null && <span className={classes.limit} style={{ bottom: height(limit) }} />}
        {days.days.map(({ day: date, used, failed, bounced, complained }) => {
          const wrong = bounced + complained + failed;
          return (
            <span key={date} className={classes.day} title={`${dayAndMonth(date)}: ${used}`}>
              <span className={classes.used} style={{ height: height(used + failed) }}>
                {wrong > 0 && (
                  <span
                    className={classes.wrong}
                    style={{ height: `${Math.min(100, (wrong / (used + failed || 1)) * 100)}%` }}
                  />
                )}
              </span>
            </span>
          );
        })}
      </div>
      <span className={classes.said} aria-hidden>
        {said}
      </span>
    </div>
  );
}

/** The same in numbers, the newest first. */
export function SenderDaysTable({ sender, days }: TrendProps) {
  const { t } = useTranslation('settings');
  const limit = dayLimit(sender);
  const number = (value: number) => t('senders.trend.number', { value });
  return (
    <Rows
      label={t('senders.trend.title')}
      rows={days.days.toReversed()}
      rowKey={(one) => one.day}
      columns={[
        {
          key: 'day',
          header: t('senders.trend.day'),
          render: (one) => dayAndMonth(one.day),
        },
        {
          key: 'used',
          header: t('senders.trend.sent'),
          numeric: true,
          render: ({ used }) => (limit === null ? number(used) : t('senders.trend.of', { used, limit })),
        },
        ...(['bounced', 'complained', 'failed'] as const).map((key) => ({
          key,
          header: t(`senders.trend.${key}`),
          numeric: true,
          render: (one: SenderDays['days'][number]) => number(one[key]),
        })),
      ]}
    />
  );
}

/** `318 sent · 4 bounced`: what went wrong only where something did. */
function useSaid(days: SenderDays): string {
  const { t } = useTranslation('settings');
  const { used, bounced, complained, failed } = totalOf(days);
  return [
    t('senders.trend.sentCount', { count: used }),
    bounced > 0 && t('senders.trend.bouncedCount', { count: bounced }),
    complained > 0 && t('senders.trend.complainedCount', { count: complained }),
    failed > 0 && t('senders.trend.failedCount', { count: failed }),
  ]
    .filter(Boolean)
    .join(' · ');
}
