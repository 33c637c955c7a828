/** The lead as sequences see it: what templates and conditions may name, in memory or from PostgreSQL. */

export const CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call', 'task'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Channels on which a person's address can be written to or rung. */
export const CONTACT_CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;
export type ContactChannel = (typeof CONTACT_CHANNELS)[number];

/** How long after a person's last WhatsApp message free text may be written there (whatsapp.com/legal/business-policy). */
export const WHATSAPP_WINDOW_MS = 24 * 3_600_000;

/** What a sender's cap counts. One action belongs to one channel. */
export const ACTIONS = [
  'email',
  'visit',
  'follow',
  'invite',
  'message',
  'sms',
  'whatsapp',
  'call',
  'task',
  'webhook',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface LeadProfile {
  readonly id: string;
  /** Stable across imports and hosts: decides A/B arms, spintax and jitter. Derived from the first identity (external id, email, LinkedIn URL, phone). */
  readonly seed: string;
  readonly externalId: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly company: string | null;
  readonly companyDomain: string | null;
  readonly title: string | null;
  /** Lower case; the first one is written to. */
  readonly emails: readonly string[];
  /** E.164; the first one is rung. */
  readonly phones: readonly string[];
  readonly linkedinUrl: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  /** BCP 47. */
  readonly locale: string | null;
  /** IANA name. */
  readonly timeZone: string | null;
  readonly companyTimeZone: string | null;
  readonly preferredChannel: ContactChannel | null;
  readonly persona: string | null;
  readonly owner: string | null;
  readonly consent: {
    readonly status: 'unknown' | 'given' | 'refused';
    readonly source: string | null;
    readonly at: string | null;
  };
  /** Custom columns of the import, by name in snake_case. */
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>;
}

/** What templates and conditions may know of the sender. */
export interface SenderProfile {
  readonly id: string;
  readonly name: string;
  readonly channel: Channel;
  readonly provider: string;
  /** The mailbox, LinkedIn profile or E.164 number. */
  readonly address: string;
  readonly timeZone: string;
  readonly owner: string | null;
  readonly attributes: Readonly<Record<string, string>>;
}
