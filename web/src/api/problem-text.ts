import { i18n } from '../i18n/index.ts';
import { ApiProblem } from './client.ts';

/** What went wrong, for people: the server's own sentence, or ours in their language for the usual ones. */
export function problemText(error: unknown): string {
  if (!(error instanceof ApiProblem)) return error instanceof Error ? error.message : String(error);
  if (error.code === 'unreachable') return i18n.t('common:problem.unreachable');
  if (error.code === 'changed_meanwhile') return i18n.t('common:problem.changedMeanwhile');
  if (error.status === 403) return i18n.t('common:problem.forbidden');
  if (error.status === 404) return i18n.t('common:problem.notFound');
  return error.message || i18n.t('common:problem.unknown', { status: error.status });
}
