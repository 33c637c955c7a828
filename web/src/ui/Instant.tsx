import { moment, MY_ZONE, relative, useNow } from './time.ts';
import { useTranslation } from 'react-i18next';

/** When something was or will be: relative, the exact instant, with the viewer's zone, on hover. `zone`: the lead's, told beside the viewer's where it differs. */
export function Instant({ at, zone, exact = false }: { at: string; zone?: string | null; exact?: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const mine = moment(at);
  const theirs = zone ? moment(at, zone) : mine;
  const title =
    theirs === mine
      ? `${mine} (${MY_ZONE})`
      : `${t('time.yours')}: ${mine} (${MY_ZONE})\n${t('time.theirs')}: ${theirs} (${zone})`;
  return (
    <time dateTime={at} title={title} style={{ whiteSpace: 'nowrap' }}>
      {exact ? theirs : relative(at, now)}
    </time>
  );
}
