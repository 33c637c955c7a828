/** What an email sender's `imap` block may say, and the connection that follows from it. */
import type { XOAuth2Options } from 'nodemailer/lib/xoauth2';
import * as z from 'zod';
import { type BadSettings, isLoopback } from '../../settings.ts';

/** How the mailbox is read; without the block it is not. */
export const imapSchema = z.strictObject({
  /** May be left out with `oauth`, whose provider has a known one. */
  host: z.string().min(1).optional(),
  port: z.int().min(1).max(65_535).optional(),
  /** `tls` from the first byte (993), `starttls` required (else), or `none`, which only a server on this machine may be. */
  security: z.enum(['tls', 'starttls', 'none']).optional(),
  allowSelfSigned: z.boolean().default(false),
  /** Who logs in, when it is not who sends. */
  user: z.string().min(1).optional(),
  /** `auto`: every folder but drafts and the bin. */
  folders: z.union([z.literal('auto'), z.array(z.string().min(1)).min(1).max(50)]).default('auto'),
  /** How often folders besides the inbox are looked at, and the inbox where the server cannot tell of news; wall seconds. */
  pollSeconds: z.int().min(1).max(3600).default(30),
  /** How long after a try (wall ms) a Sent folder that keeps our mail proves that it did not go out. */
  settleMs: z.int().min(0).default(300_000),
});

export type ImapSettings = z.output<typeof imapSchema>;

/** A mailbox, as it is connected to. */
export interface MailboxConfiguration {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly allowSelfSigned: boolean;
  readonly user: string;
  readonly login:
    | { readonly kind: 'password'; readonly password: string }
    | { readonly kind: 'oauth'; readonly options: XOAuth2Options };
  readonly folders: 'auto' | readonly string[];
  readonly pollMs: number;
  readonly connectTimeoutMs: number;
}

const OAUTH = {
  google: { host: 'imap.gmail.com', scope: null },
  microsoft: {
    host: 'outlook.office365.com',
    scope: 'https://outlook.office.com/IMAP.AccessAsUser.All offline_access',
  },
} as const;

/** What the block needs to know of the sender around it. */
export interface MailboxSurroundings {
  readonly imap: ImapSettings;
  /** Who logs in to the submission server. */
  readonly user: string;
  readonly password: string | undefined;
  /** As for the submission server, without its scope. */
  readonly oauth: {
    readonly provider: keyof typeof OAUTH;
    readonly scope: string | undefined;
    readonly options: XOAuth2Options;
  } | null;
  readonly connectTimeoutMs: number;
}

/** Derives the connection. Throws what `bad` makes. */
export function mailboxConfiguration(
  { imap, user, password, oauth, connectTimeoutMs }: MailboxSurroundings,
  bad: (problem: string) => BadSettings,
): MailboxConfiguration {
  const host = imap.host ?? (oauth && OAUTH[oauth.provider].host);
  if (!host) throw bad('settings.imap.host: give the IMAP server, e.g. imap.example.com');
  const local = isLoopback(host);
  const security = imap.security ?? (imap.port === undefined || imap.port === 993 ? 'tls' : 'starttls');
  if (security === 'none' && !local)
    throw bad(`settings.imap.security: ${host} is not this machine, so it must be tls or starttls`);
  if (imap.allowSelfSigned && !local)
    throw bad(
      `settings.imap.allowSelfSigned: ${host} is not this machine; use a certificate that can be checked`,
    );
  const scope = oauth && (oauth.scope ?? OAUTH[oauth.provider].scope);
  const login = oauth
    ? {
        kind: 'oauth' as const,
        options: { ...oauth.options, ...(scope ? { customParams: { scope } } : {}) },
      }
    : { kind: 'password' as const, password: password ?? '' };
  if (login.kind === 'password' && !login.password)
    throw bad('credentials.imapPassword: is missing, and so is credentials.password');
  return {
    host,
    port: imap.port ?? (security === 'tls' ? 993 : 143),
    security,
    allowSelfSigned: imap.allowSelfSigned,
    user: imap.user ?? user,
    login,
    folders: imap.folders,
    pollMs: imap.pollSeconds * 1000,
    connectTimeoutMs,
  };
}
