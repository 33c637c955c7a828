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

/** A setting with a field of its own; the rest is typed as JSON. */
export interface Field {
  /** Where it stands, and what it is called: `imap.host`. */
  readonly path: FieldPath;
  readonly kind: 'text' | 'port' | 'url' | 'email';
  readonly required?: boolean;
  readonly placeholder?: string;
}
export type FieldPath =
  | 'host'
  | 'port'
  | 'user'
  | 'replyTo'
  | 'oauth.clientId'
  | 'oauth.tenant'
  | 'imap.host'
  | 'imap.port'
  | 'dkim.domain'
  | 'dkim.selector'
  | 'baseUrl'
  | 'accountId'
  | 'messagingServiceSid';

/** A block of settings that is there or not. */
export type Part = 'imap' | 'dkim';

interface Provider {
  /** What the settings of a new sender look like, to be filled in: the usual way first. */
  readonly templates: readonly { readonly name: Template; readonly settings: Settings }[];
  readonly fields: (settings: Settings) => readonly Field[];
  readonly parts: Readonly<Partial<Record<Part, (settings: Settings) => readonly Field[]>>>;
  /** Which secrets senders with such settings have. */
  readonly secrets: (settings: Settings) => readonly Secret[];
}
export type Template = 'password' | 'google' | 'microsoft' | 'only';

export const PROVIDERS = {
  smtp: {
    templates: [
      { name: 'password', settings: { imap: {} } },
      { name: 'google', settings: { oauth: { provider: 'google' }, imap: {} } },
      { name: 'microsoft', settings: { oauth: { provider: 'microsoft' }, imap: {} } },
    ],
    fields: ({ oauth }) => [
      ...(oauth
        ? ([
            { path: 'oauth.clientId', kind: 'text', required: true },
            ...(providerOfOAuth(oauth) === 'microsoft'
              ? ([{ path: 'oauth.tenant', kind: 'text', placeholder: 'common' }] as const)
              : []),
          ] as const)
        : ([
            { path: 'host', kind: 'text', required: true, placeholder: 'smtp.example.com' },
            { path: 'port', kind: 'port', placeholder: '587' },
          ] as const)),
      { path: 'user', kind: 'text' },
      { path: 'replyTo', kind: 'email' },
    ],
    parts: {
      imap: ({ oauth }) =>
        oauth
          ? []
          : [
              { path: 'imap.host', kind: 'text', required: true, placeholder: 'imap.example.com' },
              { path: 'imap.port', kind: 'port', placeholder: '993' },
            ],
      dkim: () => [
        { path: 'dkim.domain', kind: 'text', required: true, placeholder: 'example.com' },
        { path: 'dkim.selector', kind: 'text', required: true, placeholder: 'cadenza' },
      ],
    },
    secrets: ({ oauth, imap, dkim }) => [
      ...(oauth ? (['clientSecret', 'refreshToken'] as const) : (['password'] as const)),
      ...(imap && !oauth ? (['imapPassword'] as const) : []),
      ...(dkim ? (['dkimPrivateKey'] as const) : []),
    ],
  },
  unipile: {
    templates: [{ name: 'only', settings: {} }],
    fields: () => [
      { path: 'baseUrl', kind: 'url', required: true, placeholder: 'https://api1.unipile.com:13111' },
      { path: 'accountId', kind: 'text', required: true },
    ],
    parts: {},
    secrets: ({ v2 }) => ['apiKey', ...(v2 ? (['v2ApiKey'] as const) : []), 'webhookSecret'],
  },
  twilio: {
    templates: [{ name: 'only', settings: {} }],
    fields: () => [{ path: 'messagingServiceSid', kind: 'text', placeholder: 'MG…' }],
    parts: {},
    secrets: () => ['accountSid', 'authToken', 'apiKeySid', 'apiKeySecret'],
  },
  manual: {
    templates: [{ name: 'only', settings: {} }],
    fields: () => [],
    parts: {},
    secrets: () => [],
  },
} as const satisfies Readonly<Record<string, Provider>>;
type Name = keyof typeof PROVIDERS;

const providerOfOAuth = (oauth: unknown): unknown =>
  typeof oauth === 'object' && oauth !== null && 'provider' in oauth ? oauth.provider : null;

const blockOf = (settings: Settings, block: string): Settings => {
  const value = settings[block];
  return typeof value === 'object' && value !== null ? (value as Settings) : {};
};

/** What stands at a field's path. */
export function settingAt(settings: Settings, path: FieldPath): unknown {
  const [first, second] = path.split('.') as [string, string?];
  return second === undefined ? settings[first] : blockOf(settings, first)[second];
}

/** The settings with another value at a path; undefined takes it away. */
export function withSetting(settings: Settings, path: FieldPath | Part, value: unknown): Settings {
  const [first, second] = path.split('.') as [string, string?];
  const { [first]: _, ...others } = settings;
  if (second !== undefined) {
    const { [second]: _, ...rest } = blockOf(settings, first);
    return { ...settings, [first]: value === undefined ? rest : { ...rest, [second]: value } };
  }
  return value === undefined ? others : { ...settings, [first]: value };
}

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
