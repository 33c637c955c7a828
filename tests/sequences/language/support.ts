import type { LeadProfile, SenderProfile } from '../../../sequences/lead.ts';
import {
  parseSequence,
  SequenceError,
  type ParseOptions,
  type RenderContext,
} from '../../../sequences/language/index.ts';

/** A lead with every field; `change` replaces some. */
export function lead(change: Partial<LeadProfile> = {}): LeadProfile {
  return {
    id: 'lead-1',
    seed: 'seed-1',
    externalId: 'crm-1',
    firstName: 'Ada',
    lastName: 'Lovelace',
    company: 'Acme',
    companyDomain: 'acme.test',
    title: 'VP Engineering',
    emails: ['ada@acme.test'],
    phones: ['+441632960001'],
    linkedinUrl: 'https://www.linkedin.com/in/ada',
    country: 'GB',
    locale: 'en-GB',
    timeZone: 'Europe/London',
    companyTimeZone: null,
    preferredChannel: 'email',
    persona: 'engineering',
    owner: 'grace',
    consent: { status: 'given', source: 'form', at: '2026-01-02' },
    attributes: { product: 'Looms', score: 7, vip: true, renewal_date: '2026-12-01', nothing: null },
    ...change,
  };
}

export function sender(change: Partial<SenderProfile> = {}): SenderProfile {
  return {
    id: 'sender-1',
    name: 'Grace Hopper',
    channel: 'email',
    provider: 'smtp',
    address: 'grace@sender.test',
    timeZone: 'America/New_York',
    owner: 'grace',
    attributes: { signature: 'Grace\nSender Ltd', calendar: 'https://cal.test/grace' },
    ...change,
  };
}

export function context(change: Partial<RenderContext> = {}): RenderContext {
  return {
    lead: lead(),
    sender: sender(),
    stepId: 'hello',
    action: 'email',
    unsubscribeUrl: 'https://u.test/x?t=1&s=2',
    unsubscribeFooter: null,
    ...change,
  };
}

/** What is wrong with a definition, a line each; empty when nothing is. */
export function problemsOf(source: string | Uint8Array, options: ParseOptions = {}): string[] {
  try {
    parseSequence(source, 'f.yaml', options);
    return [];
  } catch (error) {
    if (error instanceof SequenceError) return error.message.split('\n');
    throw error;
  }
}

/** A definition with these steps, each line as it is; the first step stands in line 3. */
export function withSteps(steps: string, head = ''): string {
  return `name: test\n${head}steps:\n${steps}\n`;
}
