import type { z } from 'zod';

/** What a schema found wrong, as a part of a sentence for people: `caps.email.day: too big; address: is no email address`. */
export function issuesOf(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      // Of a key, its own schema says more than "invalid key".
      const message = (issue.code === 'invalid_key' && issue.issues[0]?.message) || issue.message;
      return issue.path.length > 0 ? `${issue.path.join('.')}: ${message}` : message;
    })
    .join('; ');
}
