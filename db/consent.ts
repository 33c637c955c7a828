import { z } from 'zod';
import { issuesOf } from '../common/issues.ts';
import type { ConsentPolicy } from '../sequences/consent.ts';
import { CONTACT_CHANNELS } from '../sequences/lead.ts';
import { countryCode } from '../sequences/leads/countries.ts';
import type { Queryable } from './db.ts';
import { CommandRefused } from './refused.ts';

const policySchema = z.record(
  z
    .string()
    .refine(
      (key) => key === '*' || (/^[A-Z]{2}$/.test(key) && countryCode(key) === key),
      'is neither the ISO code of a country, such as DE, nor *',
    ),
  z.array(z.enum(CONTACT_CHANNELS)),
);

/** The policy cannot be read; `message` says where. */
export class BadConsentPolicy extends Error {
  override readonly name = 'BadConsentPolicy';
}

/**
 * Where a consent is needed before a channel may be used. It starts empty: what the law asks for depends on the case (in Germany
 * and Austria, for example, unasked email, SMS and WhatsApp to people need a consent: `{"DE": ["email", "sms", "whatsapp"]}`), so
 * whoever runs Cadenza decides. A refused consent excludes a lead from everything, whatever the policy says.
 */
export async function readConsentPolicy(q: Queryable): Promise<ConsentPolicy> {
  const { rows } = await q.query<{ policy: ConsentPolicy }>('select consent_policy as policy from workspace');
  return rows[0]?.policy ?? {};
}

/**
 * Replaces the policy: in force for launches and sends that look from now on.
 * @param seen what the caller saw; null: whatever it is
 * @throws BadConsentPolicy, CommandRefused `changed_meanwhile`
 */
export async function writeConsentPolicy(
  q: Queryable,
  policy: unknown,
  seen: ConsentPolicy | null = null,
): Promise<ConsentPolicy> {
  const parsed = policySchema.safeParse(policy);
  if (!parsed.success) {
    throw new BadConsentPolicy(
      `The consent policy cannot be used: ${issuesOf(parsed.error)}. Write it like {"DE": ["email", "sms"], "*": []}.`,
    );
  }
  const { rowCount } = await q.query(
    'update workspace set consent_policy = $1 where $2::jsonb is null or consent_policy = $2',
    [JSON.stringify(parsed.data), seen && JSON.stringify(seen)],
  );
  if (!rowCount)
    throw new CommandRefused('changed_meanwhile', 'Somebody changed this meanwhile: look again.');
  return parsed.data;
}
