/** Email through any submission server, by nodemailer. */
import type { NodemailerError, SendMailOptions } from 'nodemailer';
import { wallNow } from '../../common/clock.ts';
import { sendDeadline } from '../http.ts';
import type { CheckLine, FindResult, Outgoing, Provider, SenderAccount, SendResult } from '../ports.ts';
import { BadSettings, withSettings } from '../settings.ts';
import { classifySmtp } from './classify.ts';
import { CannotCompose, compose, domainOf, messageIdOf } from './compose.ts';
import { checkDomain, type ResolveTxt, systemResolver } from './dns-checks.ts';
import { checkMailbox } from './mailbox/check.ts';
import { findSent, sameProvider } from './mailbox/find-sent.ts';
import { emailConfiguration } from './settings.ts';
import { handedOver, type HandOver, Transports } from './transports.ts';

export interface SmtpOptions {
  /** For the checks of the sender's domain; default: the system's resolver. */
  readonly resolveTxt?: ResolveTxt;
  /** Senders whose connections are kept; the one unused for longest is closed for a new one. */
  readonly maxSenders?: number;
  /** When a send is over at the latest, in milliseconds; default: `SEND_DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

/** `email/smtp`. SMTP has no way to ask whether a message was taken: `find` asks the Sent folder of a sender with an `imap` block. */
export function createSmtpProvider(options: SmtpOptions = {}): Provider {
  const transports = new Transports(options.maxSenders ?? 200);
  const resolveTxt = options.resolveTxt ?? systemResolver();
  const underWay = new Set<Promise<unknown>>();

  async function send(sender: SenderAccount, touch: Outgoing): Promise<SendResult> {
    const { configuration, transporter } = transports.for(sender);
    const watch: HandOver = { stream: null, deadline: sendDeadline(options.deadlineMs) };
    try {
      const mail: SendMailOptions & { handOver: HandOver } = {
        ...compose(sender, configuration.settings, touch),
        signal: watch.deadline.signal,
        handOver: watch,
      };
      await transporter.sendMail(mail);
      const messageId = messageIdOf(touch.touchId, sender.address);
      return { kind: 'sent', providerId: messageId, messageId };
    } catch (error) {
      if (error instanceof CannotCompose)
        return { kind: 'failed', code: error.code, detail: error.message, addressBad: error.addressBad };
      return classifySmtp(error as NodemailerError, handedOver(watch));
    }
  }

  async function tracked<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  }

  return {
    id: 'email/smtp',
    mode: 'wire',
    send: (sender, touch) => tracked(withSettings(() => send(sender, touch))),
    find: (sender, touch) => tracked(find(sender, touch)),
    assertSettings: emailConfiguration,
    async check(sender): Promise<readonly CheckLine[]> {
      try {
        const { configuration, transporter } = transports.for(sender);
        const { settings, dkimPrivateKey } = configuration;
        const dkim = settings.dkim ? { ...settings.dkim, privateKey: dkimPrivateKey } : null;
        const [login, mailbox, ...domain] = await Promise.all([
          transporter.verify().then(
            () => ({
              name: 'SMTP login',
              ok: true,
              detail: `${configuration.pool.host}:${configuration.pool.port} accepted the login`,
            }),
            (error: Error) => ({
              name: 'SMTP login',
              ok: false,
              detail: `${configuration.pool.host}:${configuration.pool.port}: ${error.message}`,
            }),
          ),
          configuration.mailbox && checkMailbox(configuration.mailbox),
          checkDomain(resolveTxt, domainOf(sender.address), dkim),
        ]);
        return [login, ...(mailbox ? [mailbox] : []), ...domain.flat()];
      } catch (error) {
        if (error instanceof BadSettings) return [{ name: 'Settings', ok: false, detail: error.message }];
        throw error;
      }
    },
    /** Waits for what is being sent or asked (bounded by each sender's time-outs), then closes every connection. */
    async close() {
      await Promise.allSettled(underWay);
      transports.close();
    },
  };
}

async function find(sender: SenderAccount, touch: Outgoing): Promise<FindResult> {
  try {
    const { mailbox, pool, settings } = emailConfiguration(sender);
    if (!mailbox || !settings.imap || !touch.since) return { kind: 'cannot_say' };
    const ours = (touchId: string) => ({ touchId, messageId: messageIdOf(touchId, sender.address) });
    const sought = ours(touch.touchId);
    const presence = await findSent(mailbox, sought, (touch.alsoSent ?? []).map(ours));
    if (presence === 'present')
      return { kind: 'found', providerId: sought.messageId, messageId: sought.messageId };
    const proven =
      presence === 'absent' &&
      sameProvider(pool.host ?? '', mailbox.host) &&
      wallNow() - touch.since.getTime() >= settings.imap.settleMs;
    return { kind: proven ? 'not_found' : 'cannot_say' };
  } catch {
    // A mailbox that is away, refuses the login or cannot search says nothing.
    return { kind: 'cannot_say' };
  }
}
