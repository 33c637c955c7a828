import type { Answer } from '../../../../api/v1/calling.ts';

type Sender = Answer<'senders.list'>['items'][number];
type Channel = Sender['channel'];
export type Settings = Readonly<Record<string, unknown>>;

/** What is secret about a sender, as the adapters call it. */
export type Secret =
  | 'password'
  | 'imapPassword'
  | 'clientSecret'
  | 'refreshToken'
  | 'dkimPrivateKey'
  | 'apiKey'
  | 'v2ApiKey'
  | 'webhookSecret'
  | 'accountSid'
  | 'authToken'
  | 'apiKeySid'
  | 'apiKeySecret';

interface Provider {
  /** What the settings of a new sender look like, to be filled in: the usual way first. */
  readonly templates: readonly { readonly name: Template; readonly settings: Settings }[];
  /** Which secrets senders with such settings have. */
  readonly secrets: (settings: Settings) => readonly Secret[];
}
export type Template = 'password' | 'google' | 'microsoft' | 'only';

export const PROVIDERS = {
  smtp: {
    templates: [
      {
        name: 'password',
        settings: { host: 'smtp.example.com', port: 587, imap: { host: 'imap.example.com' } },
      },
      { name: 'google', settings: { oauth: { provider: 'google', clientId: '' }, imap: {} } },
      {
        name: 'microsoft',
        settings: { oauth: { provider: 'microsoft', clientId: '', tenant: 'common' }, imap: {} },
      },
    ],
    secrets: ({ oauth, imap, dkim }) => [
      ...(oauth ? (['clientSecret', 'refreshToken'] as const) : (['password'] as const)),
      ...(imap && !oauth ? (['imapPassword'] as const) : []),
      ...(dkim ? (['dkimPrivateKey'] as const) : []),
    ],
  },
  unipile: {
    templates: [{ name: 'only', settings: { baseUrl: 'https://api1.unipile.com:13111', accountId: '' } }],
    secrets: ({ v2 }) => ['apiKey', ...(v2 ? (['v2ApiKey'] as const) : []), 'webhookSecret'],
  },
  twilio: {
    templates: [{ name: 'only', settings: {} }],
    secrets: () => ['accountSid', 'authToken', 'apiKeySid', 'apiKeySecret'],
  },
  manual: { templates: [{ name: 'only', settings: {} }], secrets: () => [] },
} as const satisfies Readonly<Record<string, Provider>>;
type Name = keyof typeof PROVIDERS;

/** By which providers a channel is sent: the usual one first. */
export const PROVIDERS_OF: Readonly<Record<Channel, readonly Name[]>> = {
  email: ['smtp'],
  linkedin: ['manual', 'unipile'],
  sms: ['twilio'],
  whatsapp: ['twilio'],
  call: ['manual', 'twilio'],
  task: ['manual'],
};

/** null: one that this page does not know. */
export const providerOf = (name: string): Provider | null => PROVIDERS[name as Name] ?? null;

/** The touches of a channel that are capped. */
export const CAPPED: Readonly<Record<Channel, readonly (keyof Sender['caps'])[]>> = {
  email: ['email'],
  linkedin: ['visit', 'follow', 'invite', 'message'],
  sms: ['sms'],
  whatsapp: ['whatsapp'],
  call: ['call'],
  task: ['task'],
};

/** What a sender may do that says nothing else, as the server has it: a field that is emptied is no limit. */
export const USUAL_CAPS: Readonly<Record<Channel, Sender['caps']>> = {
  email: { email: { day: 50 } },
  linkedin: { visit: { day: 60 }, follow: { day: 40 }, invite: { day: 20, week: 100 }, message: { day: 40 } },
  sms: { sms: { day: 100 } },
  whatsapp: { whatsapp: { day: 100 } },
  call: { call: { day: 60 } },
  task: {},
};
