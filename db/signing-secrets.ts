/** Secrets that sign webhooks, both ways (Standard Webhooks): `whsec_` and base64; kept encrypted, two valid ones during a rotation. */
import { randomBytes } from 'node:crypto';
import type { Secrets } from '../common/crypto.ts';

/** One secret as a `secrets` column keeps it, in a list with the newest first. */
export interface StoredSecret {
  readonly secret: string;
  /** Wall clock, ISO 8601; null: until the next rotation. */
  readonly expires_at: string | null;
}

/** A new secret, to be shown this once, and the list to keep. `before`: the one that it replaces is valid until then. */
export function freshSecret(
  secrets: Secrets,
  before?: { readonly list: readonly StoredSecret[]; readonly until: Date },
): { readonly secret: string; readonly stored: string } {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const replaced = (before?.list.slice(0, 1) ?? []).map((old): StoredSecret => {
    return { secret: old.secret, expires_at: before!.until.toISOString() };
  });
  const list: StoredSecret[] = [{ secret: secrets.encrypt(secret), expires_at: null }, ...replaced];
  return { secret, stored: JSON.stringify(list) };
}

/** SQL: the elements of a `secrets` column, as `s`, that are valid now. */
export const validSecrets = (column: string): string =>
  `jsonb_array_elements(${column}) s where coalesce((s->>'expires_at')::timestamptz, 'infinity') > clock_timestamp()`;
