import { useTranslation } from 'react-i18next';
import type { Graph } from './layout.ts';

/** What stands on a step: its subject or first words, else what it does. */
export function useSummary(): (node: Graph['nodes'][number]) => string {
  const { t } = useTranslation(['sequences', 'launches']);
  return ({ kind, action, summary }) => {
    if (kind === 'touch') return summary || (action ? t(`launches:action.${action as 'visit'}`) : '');
    return t(`kind.${kind}`, { what: summary });
  };
}
