/** Reading a sender's settings and credentials: what is wrong with them breaks the sender, with a sentence that says what to mend. */
import * as z from 'zod';
import type { SendResult, SenderAccount } from './ports.ts';

/** A sender that cannot work as it is configured. The message names the setting and what would be right. */
export class BadSettings extends Error {
  override name = 'BadSettings';
}

/** Settings and credentials of the sender, checked. Throws `BadSettings`. */
export function readSettings<S extends z.ZodType, C extends z.ZodType>(
  sender: SenderAccount,
  schemas: { settings: S; credentials: C },
): { settings: z.output<S>; credentials: z.output<C> } {
  return {
    settings: check(sender, 'settings', schemas.settings, sender.settings),
    credentials: check(sender, 'credentials', schemas.credentials, sender.credentials),
  };
}

function check<T extends z.ZodType>(
  sender: SenderAccount,
  part: string,
  schema: T,
  value: unknown,
): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `${[part, ...issue.path].join('.')}: ${issue.message}`);
  throw new BadSettings(`Sender ${sender.name} (${sender.provider}): ${problems.join('; ')}`);
}

/** Runs `work`; a `BadSettings` becomes a broken sender. */
export async function withSettings(work: () => Promise<SendResult>): Promise<SendResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BadSettings)
      return { kind: 'sender_broken', code: 'bad_settings', detail: error.message };
    throw error;
  }
}

/** True for this machine's own addresses, the only ones to which less than TLS with checked certificates is allowed. */
export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    host === '[::1]' ||
    /^127\.\d+\.\d+\.\d+$/.test(host)
  );
}

/** An https URL, or http to this machine. Kept without a trailing slash. */
export const providerUrl = z
  .url({ protocol: /^https?$/, error: 'give a URL such as https://api.example.com' })
  .refine(
    (url) => url.startsWith('https:') || isLoopback(new URL(url).hostname),
    'must be https (plain http only to this machine)',
  )
  .transform((url) => url.replace(/\/+$/, ''));
