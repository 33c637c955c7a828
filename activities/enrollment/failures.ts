import { ApplicationFailure } from '@temporalio/common';
import type { EnrollmentDeps } from './deps.ts';

/**
 * What of an unexpected error may reach Temporal (promise 8): a code. The error itself, which can quote a lead, is for the log.
 */
export function failureOf(error: unknown, log: EnrollmentDeps['log'], about: object): ApplicationFailure {
  const code = codeOf(error);
  log.error({ err: error, code, ...about }, 'an enrollment activity failed; it is tried again');
  return ApplicationFailure.create({ type: code, message: code });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') {
    // SQLSTATEs are five letters and digits; network errors are upper case.
    if (/^[0-9A-Z]{5}$/.test(code)) return `database_${code.toLowerCase()}`;
    if (/^E[A-Z_]+$/.test(code)) return code.toLowerCase();
  }
  return 'unexpected';
}
