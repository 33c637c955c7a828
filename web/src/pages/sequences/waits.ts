import { useTranslation } from 'react-i18next';
import type { Graph } from './layout.ts';

type Wait = Graph['edges'][number]['waits'][number];

/** A wait in words: `2 business days`. */
export function useWaits(): (waits: readonly Wait[]) => string {
  const { t } = useTranslation('sequences');
  return (waits) =>
    waits
      .map((wait) =>
        wait.unit === 'until'
          ? t('wait.until', { time: wait.local })
          : wait.unit === 'field'
            ? t('wait.field', { field: wait.field })
            : t(`wait.${wait.unit}`, { count: wait.amount }),
      )
      .join(' + ');
}
