import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import classes from './StepBar.module.css';

type Numbers = Pick<Answer<'sequences.numbers'>['steps'][number], 'reached' | 'sent' | 'answered' | 'left'>;

/** Of a step that nobody reached. */
export const NOBODY: Numbers = { reached: 0, sent: 0, answered: 0, left: 0 };

/** Reached, sent, answered, left: of whom reached it, as a bar and in numbers. null: these are on their way. */
export function StepBar({ numbers }: { numbers: Numbers | null }) {
  const { t } = useTranslation('sequences');
  if (numbers === null) return <div className={classes.nobody} />;
  const { reached, sent, answered, left } = numbers;
  const said = t('numbers', { reached, sent, answered, left });
  if (reached === 0) return <div className={classes.nobody}>{t('nobodyYet')}</div>;
  const width = (value: number) => `${Math.min(100, (value / reached) * 100)}%`;
  return (
    <div className={classes.frame} role="img" aria-label={said} title={said}>
      <div className={classes.bar}>
        <span className={classes.sent} style={{ width: width(sent) }} />
        <span className={classes.answered} style={{ width: width(answered) }} />
      </div>
      <div className={classes.numbers} aria-hidden>
        {Object.entries({ reached, sent, answered, left }).map(([name, value]) => (
          <span key={name}>
            <b>{t('number', { value })}</b>
            {t(`counted.${name as 'sent'}`)}
          </span>
        ))}
      </div>
    </div>
  );
}
