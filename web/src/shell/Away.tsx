import { IconPlugConnectedX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useHeld, useStanding } from '../api/connection.ts';
import classes from './Frame.module.css';

/** While the server does not answer: says so over the page, without moving it, and how much waits to be sent. */
export function Away() {
  const { t } = useTranslation();
  const away = useStanding() === 'away';
  const held = useHeld();
  return (
    <div role="status" className={classes.status}>
      {away && (
        <p className={classes.away}>
          <IconPlugConnectedX size={16} aria-hidden />
          {t('away.text')} {held > 0 && t('away.held', { count: held })}
        </p>
      )}
    </div>
  );
}
