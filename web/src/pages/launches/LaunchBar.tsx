import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import classes from './LaunchBar.module.css';

type Counts = Answer<'launches.read'>['counts'];
export const STATES = [
  'pending',
  'running',
  'held',
  'finished',
  'stopped',
] as const satisfies readonly (keyof Counts)[];

/** Where a launch's leads stand: one bar, each part with its number beside it. */
export function LaunchBar({ counts, slim = false }: { counts: Counts; slim?: boolean }) {
  const { t } = useTranslation('launches');
  const total = STATES.reduce((sum, state) => sum + counts[state], 0);
  const said = STATES.filter((state) => counts[state] > 0)
    .map((state) => t(`states.${state}`, { count: counts[state] }))
    .join(', ');
  return (
    <div className={classes.frame}>
      <div className={classes.bar} role="img" aria-label={said || t('nobody')}>
        {STATES.map(
          (state) =>
            counts[state] > 0 && (
              <span key={state} data-state={state} style={{ width: `${(counts[state] / total) * 100}%` }} />
            ),
        )}
      </div>
      {!slim && (
        <ul className={classes.legend} aria-hidden>
          {STATES.filter((state) => counts[state] > 0).map((state) => (
            <li key={state} data-state={state}>
              {t(`states.${state}`, { count: counts[state] })}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
