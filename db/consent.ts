import { z } from 'zod';
import type { ConsentPolicy } from '../sequences/consent.ts';
import { CONTACT_CHANNELS } from '../sequences/lead.ts';
import type { Queryable } from './db.ts';

const policySchema = z.record(
  z.string().regex(/^([A-Z]{2}|\*)$/, 'is neither an ISO country code such as DE nor *'),
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
 * @throws BadConsentPolicy
 */
export async function writeConsentPolicy(q: Queryable, policy: unknown): Promise<ConsentPolicy> {
  const parsed = policySchema.safeParse(policy);
  if (!parsed.success) {
    throw new BadConsentPolicy(
      `The consent policy cannot be used: ${z.prettifyError(parsed.error)}. Write it like {"DE": ["email", "sms"], "*": []}.`,
    );
  }
  await q.query('update workspace set consent_policy = $1', [JSON.stringify(parsed.data)]);
  return parsed.data;
}
