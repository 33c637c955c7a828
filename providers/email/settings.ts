/** What an email sender may be configured with, and the nodemailer options that follow from it. */
import { createPrivateKey } from 'node:crypto';
import type { SMTPPoolOptions } from 'nodemailer';
import * as z from 'zod';
import type { SenderAccount } from '../ports.ts';
import { BadSettings, isLoopback, providerUrl, readSettings } from '../settings.ts';
import { imapSchema, type MailboxConfiguration, mailboxConfiguration } from './mailbox/settings.ts';

const OAUTH = {
  google: { host: 'smtp.gmail.com', tokenUrl: () => 'https://oauth2.googleapis.com/token', scope: null },
  microsoft: {
    host: 'smtp.office365.com',
    tokenUrl: (tenant: string) =>
      `https://login.microsoftonline.com/${encodeURIComponent(tenant)}/oauth2/v2.0/token`,
    scope: 'https://outlook.office.com/SMTP.Send offline_access',
  },
} as const;

const settingsSchema = z.strictObject({
  /** The submission server; may be left out with `oauth`, whose provider has a known one. */
  host: z.string().min(1).optional(),
  port: z.int().min(1).max(65_535).optional(),
  /** `tls` from the first byte (465), `starttls` required (else), or `none`, which only a server on this machine may be. */
  security: z.enum(['tls', 'starttls', 'none']).optional(),
  /** Accept a certificate nobody vouches for; only for a server on this machine. */
  allowSelfSigned: z.boolean().default(false),
  /** Who logs in, when it is not the sender's address. */
  user: z.string().min(1).optional(),
  envelopeFrom: z.email().optional(),
  replyTo: z.email().optional(),
  /** Answers go to an address of the touch's own (`rosa+cdz-…@`), for mailboxes whose providers lose what an answer answers. */
  plusAddress: z.boolean().default(false),
  /** How this host calls itself in EHLO. */
  heloName: z.string().min(1).optional(),
  oauth: z
    .strictObject({
      provider: z.enum(['google', 'microsoft']),
      clientId: z.string().min(1),
      tenant: z.string().min(1).default('common'),
      scope: z.string().optional(),
      tokenUrl: providerUrl.optional(),
    })
    .optional(),
  dkim: z.strictObject({ domain: z.string().min(1), selector: z.string().min(1) }).optional(),
  imap: imapSchema.optional(),
  maxConnections: z.int().min(1).max(10).default(2),
  /** Silence on the connection that ends it, in milliseconds. */
  timeoutMs: z.int().min(100).max(60_000).default(30_000),
  connectTimeoutMs: z.int().min(100).max(60_000).default(10_000),
});

const credentialsSchema = z.object({
  password: z.string().min(1).optional(),
  /** When the mailbox has another one. */
  imapPassword: z.string().min(1).optional(),
  clientSecret: z.string().optional(),
  refreshToken: z.string().min(1).optional(),
  /** PEM, RSA. */
  dkimPrivateKey: z.string().min(1).optional(),
});

export type EmailSettings = z.output<typeof settingsSchema>;

/** A sender's settings with what nodemailer needs to connect. */
export interface EmailConfiguration {
  readonly settings: EmailSettings;
  readonly pool: SMTPPoolOptions & { pool: true };
  readonly dkimPrivateKey: string | null;
  /** null: the mailbox is not read. */
  readonly mailbox: MailboxConfiguration | null;
}

/**
 * Every field that RFC 6376 §5.4.1 names and this adapter writes. nodemailer's own list leaves out List-Unsubscribe-Post, which RFC 8058
 * wants signed with List-Unsubscribe, so that nobody can add an unsubscribe link of his own.
 */
const SIGNED_FIELDS = [
  'From',
  'Sender',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'To',
  'Cc',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'In-Reply-To',
  'References',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
].join(':');

/** Checks an email sender and derives the connection options. Throws `BadSettings`. */
export function emailConfiguration(sender: SenderAccount): EmailConfiguration {
  const { settings, credentials } = readSettings(sender, {
    settings: settingsSchema,
    credentials: credentialsSchema,
  });
  const bad = (problem: string): BadSettings =>
    new BadSettings(`Sender ${sender.name} (${sender.provider}): ${problem}`);
  const host = settings.host ?? (settings.oauth && OAUTH[settings.oauth.provider].host);
  if (!host) throw bad('settings.host: give the submission server, e.g. smtp.example.com');
  const security = settings.security ?? (settings.port === 465 ? 'tls' : 'starttls');
  const local = isLoopback(host);
  if (security === 'none' && !local)
    throw bad(`settings.security: ${host} is not this machine, so it must be tls or starttls`);
  if (settings.allowSelfSigned && !local)
    throw bad(`settings.allowSelfSigned: ${host} is not this machine; use a certificate that can be checked`);

  const user = settings.user ?? sender.address;
  if (settings.oauth && !credentials.refreshToken)
    throw bad('credentials.refreshToken: is missing; connect the account again');
  const oauth = settings.oauth && {
    provider: settings.oauth.provider,
    scope: settings.oauth.scope,
    options: {
      user,
      clientId: settings.oauth.clientId,
      clientSecret: credentials.clientSecret ?? '',
      refreshToken: credentials.refreshToken,
      // nodemailer knows Google's token URL only.
      accessUrl: settings.oauth.tokenUrl ?? OAUTH[settings.oauth.provider].tokenUrl(settings.oauth.tenant),
      requestTimeout: settings.connectTimeoutMs,
    },
  };
  const auth = ((): NonNullable<SMTPPoolOptions['auth']> | null => {
    if (oauth) {
      const scope = oauth.scope ?? OAUTH[oauth.provider].scope;
      return { type: 'OAuth2', ...oauth.options, ...(scope ? { customParams: { scope } } : {}) };
    }
    if (credentials.password) return { user, pass: credentials.password };
    if (local) return null;
    throw bad('credentials.password: is missing (or set settings.oauth)');
  })();

  if (settings.dkim) checkKey(credentials.dkimPrivateKey, bad);
  const mailbox =
    settings.imap &&
    mailboxConfiguration(
      {
        imap: settings.imap,
        user,
        password: credentials.imapPassword ?? credentials.password,
        oauth: oauth ?? null,
        connectTimeoutMs: settings.connectTimeoutMs,
      },
      bad,
    );
  return {
    settings,
    mailbox: mailbox ?? null,
    dkimPrivateKey: credentials.dkimPrivateKey ?? null,
    pool: {
      pool: true,
      host,
      port: settings.port ?? (security === 'tls' ? 465 : 587),
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !settings.allowSelfSigned },
      ...(auth ? { auth } : {}),
      ...(settings.heloName ? { name: settings.heloName } : {}),
      maxConnections: settings.maxConnections,
      maxMessages: 100,
      // Once, and by nodemailer only while not a byte of the message has left: a pooled connection that the server had closed meanwhile.
      maxRequeues: 1,
      idleTimeout: 60_000,
      connectionTimeout: settings.connectTimeoutMs,
      greetingTimeout: settings.connectTimeoutMs,
      dnsTimeout: settings.connectTimeoutMs,
      socketTimeout: settings.timeoutMs,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(settings.dkim && credentials.dkimPrivateKey
        ? {
            dkim: {
              domainName: settings.dkim.domain,
              keySelector: settings.dkim.selector,
              privateKey: credentials.dkimPrivateKey,
              headerFieldNames: SIGNED_FIELDS,
            },
          }
        : {}),
    },
  };
}

// nodemailer sends unsigned, without a word, when the key cannot be used.
function checkKey(pem: string | undefined, bad: (problem: string) => BadSettings): void {
  if (!pem) throw bad('credentials.dkimPrivateKey: is missing although settings.dkim is set');
  let type: string | undefined;
  try {
    type = createPrivateKey(pem).asymmetricKeyType;
  } catch {
    throw bad('credentials.dkimPrivateKey: is not a private key in PEM form');
  }
  if (type !== 'rsa') throw bad(`credentials.dkimPrivateKey: is ${type}, but only RSA keys can sign`);
}
