/**
 * Providers on this machine that speak the real protocols: SMTP, IMAP, Unipile's and Twilio's HTTP APIs, and a CRM that takes callbacks. What they
 * took is in two files of JSON lines under `dir`, which outlive the sandbox and every process that sends to it.
 */
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import * as z from 'zod';
import { wallNow } from '../../common/clock.ts';
import type { Channel } from '../../sequences/lead.ts';
import { type Behaviour, Conduct, type Control, controlSchema } from './behaviour.ts';
import type { Context } from './context.ts';
import { crmRoutes } from './crm.ts';
import { Hooks, type SandboxHooks, TWILIO_ACCOUNT, UNIPILE_WEBHOOK_SECRET } from './hooks.ts';
import { LinkedinWorld } from './linkedin-world.ts';
import { type CallbackReceived, Journal, type Received } from './record.ts';
import { type SandboxImap, startImap } from './imap/server.ts';
import { startSmtp } from './smtp.ts';
import { takeIncoming, type TwilioIncoming, twilioRoutes } from './twilio.ts';
import { UNIPILE_KEY, unipileRoutes } from './unipile.ts';
import { messageHook, relationHook } from './unipile-hooks.ts';

export interface SandboxOptions {
  /** Where the record is kept; an earlier sandbox's record in it is continued. */
  readonly dir: string;
  /** HTTP, SMTP and IMAP ports on 127.0.0.1; 0 or absent: any free one. */
  readonly port?: number;
  readonly smtpPort?: number;
  readonly imapPort?: number;
  readonly behaviour?: Partial<Behaviour>;
  /** Business time in UTC ms, for the record and for how long people take to accept. */
  readonly businessNow?: () => number;
  /** The signing secret (`whsec_…`) that the CRM expects; default: a new one. */
  readonly crmSecret?: string;
  /** Where answers, acceptances and what becomes of messages are posted; absent: only what a request itself names. */
  readonly hooks?: SandboxHooks;
}

/** Where everything is; `main.ts` prints this as JSON. */
export interface SandboxUrls {
  readonly http: string;
  readonly smtp: { readonly host: string; readonly port: number };
  readonly imap: { readonly host: string; readonly port: number };
  readonly unipile: string;
  readonly twilio: string;
  readonly crm: { readonly url: string; readonly secret: string };
}

/** What a sender needs to use the sandbox: its provider, settings and credentials. */
export interface SenderSettings {
  readonly provider: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, string>>;
}

export interface Sandbox extends SandboxUrls {
  /** For a sender of this channel; `account` (e.g. the sender's name) tells LinkedIn accounts apart. */
  senderSettings(channel: Channel, account?: string): SenderSettings;
  /** Puts a message into a rep's mailbox, as it is; `folder`: where, when it is not the inbox. */
  mailTo(address: string, raw: string | Buffer, folder?: string): void;
  /** The mailboxes' server. */
  readonly imapServer: SandboxImap;
  /** As `POST /control`. */
  control(change: Control): void;
  /** Resolves when the webhooks of everything that happened were answered, or could not be posted. */
  told(): Promise<void>;
  received(): Received[];
  callbacks(): CallbackReceived[];
  close(): Promise<void>;
}

/** Starts it. The promise resolves once every port listens. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const conduct = new Conduct(options.behaviour ?? {});
  const received = new Journal<Received>(options.dir, 'received.jsonl');
  const callbacks = new Journal<CallbackReceived>(options.dir, 'callbacks.jsonl');
  const closing = new AbortController();
  const hooks = new Hooks(options.hooks, closing.signal);
  let clock: Control['clock'];
  const context: Context = {
    conduct,
    received,
    callbacks,
    hooks,
    businessNow: () => {
      if (options.businessNow) return options.businessNow();
      return clock ? clock.businessAnchor + (wallNow() - clock.wallAnchor) * clock.speed : null;
    },
    closing: closing.signal,
  };
  const world = new LinkedinWorld(context, received.read());
  const secret = options.crmSecret ?? `whsec_${randomBytes(24).toString('base64')}`;

  const imap = await startImap(() => conduct.now, options.imapPort ?? 0);
  const mailTo = (address: string, raw: string | Buffer, folder = 'INBOX') =>
    void imap.mailboxes.deliver(address, raw, { folder });

  const incoming: TwilioIncoming[] = [];
  /** Tells of invitations that were accepted: time alone may have brought that about. */
  const tellAccepted = () => {
    for (const each of world.newlyAccepted())
      hooks.later(() => hooks.unipile(each.accountId, relationHook(each)));
  };

  function control(change: Control): void {
    conduct.change(change);
    if (change.clock) clock = change.clock;
    for (const slug of change.connect ?? []) world.connect(slug);
    tellAccepted();
    for (const message of change.messages ?? []) {
      const { channel, from, to, text } = message;
      if (channel !== 'linkedin') takeIncoming(context, incoming, message);
      else {
        const said = world.said(to, from, text);
        hooks.later(() => hooks.unipile(to, messageHook(said)));
      }
    }
    for (const { to, raw, folder } of change.mail ?? []) mailTo(to, raw, folder);
  }

  const app = Fastify({ forceCloseConnections: true, logger: false });
  await app.register(async (scope) => unipileRoutes(scope, context, world), { prefix: '/unipile' });
  await app.register(async (scope) => twilioRoutes(scope, context, incoming), { prefix: '/twilio' });
  await app.register(async (scope) => crmRoutes(scope, context, secret), { prefix: '/crm' });
  app.get('/received', async () => received.read());
  app.get('/callbacks', async () => callbacks.read());
  app.post('/control', async (request, reply) => {
    const change = controlSchema.safeParse(request.body ?? {});
    if (!change.success) return reply.code(400).send({ error: z.prettifyError(change.error) });
    control(change.data);
    return conduct.now;
  });

  const smtp = await startSmtp(context, options.smtpPort ?? 0, (address, raw) => {
    if (conduct.now.keepSent) imap.mailboxes.deliver(address, raw, { folder: 'Sent', flags: ['\\Seen'] });
  });
  await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
  const looking = setInterval(tellAccepted, ACCEPTED_MS);
  const http = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const urls: SandboxUrls = {
    http,
    smtp: { host: '127.0.0.1', port: smtp.port },
    imap: { host: '127.0.0.1', port: imap.port },
    unipile: `${http}/unipile`,
    twilio: `${http}/twilio`,
    crm: { url: `${http}/crm`, secret },
  };

  return {
    ...urls,
    senderSettings: (channel, account) => sandboxSender(urls, channel, account, settleMs(conduct)),
    control,
    told: () => hooks.settled(),
    mailTo,
    imapServer: imap,
    received: () => received.read(),
    callbacks: () => callbacks.read(),
    async close() {
      closing.abort();
      clearInterval(looking);
      await Promise.all([app.close(), smtp.close(), imap.close()]);
      received.close();
      callbacks.close();
    },
  };
}

/** How often (wall ms) it is looked at who accepted an invitation. */
const ACCEPTED_MS = 250;

function settleMs(conduct: Conduct): number {
  return conduct.now.latencyMs[1] + 2000;
}

/** `Sandbox.senderSettings` for a sandbox in another process, from the URLs that it printed. `settle`: longer than an answer takes, in ms. */
export function sandboxSender(
  urls: SandboxUrls,
  channel: Channel,
  account = 'sandbox',
  settle = 5000,
): SenderSettings {
  switch (channel) {
    case 'email':
      return {
        provider: 'smtp',
        settings: {
          host: urls.smtp.host,
          port: urls.smtp.port,
          security: 'none',
          imap: {
            host: urls.imap.host,
            port: urls.imap.port,
            security: 'none',
            pollSeconds: 5,
            settleMs: settle,
          },
        },
        credentials: { imapPassword: 'sandbox' },
      };
    case 'linkedin':
      return {
        provider: 'unipile',
        settings: {
          baseUrl: urls.unipile,
          accountId: account,
          v2: { baseUrl: urls.unipile, accountId: account },
          settleMs: settle,
        },
        credentials: { apiKey: UNIPILE_KEY, webhookSecret: UNIPILE_WEBHOOK_SECRET },
      };
    case 'sms':
    case 'whatsapp':
      return {
        provider: 'twilio',
        settings: { baseUrl: urls.twilio, settleMs: settle },
        credentials: { ...TWILIO_ACCOUNT },
      };
    case 'call':
      return { provider: 'twilio', settings: { baseUrl: urls.twilio }, credentials: { ...TWILIO_ACCOUNT } };
    case 'task':
      return { provider: 'manual', settings: {}, credentials: {} };
  }
}
