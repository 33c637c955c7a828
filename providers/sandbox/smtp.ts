/** The sandbox's submission server: real SMTP, any recipient. */
import type { AddressInfo, Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { touchIdOf } from '../email/compose.ts';
import type { Rule } from './behaviour.ts';
import { type Context, pause, stamp } from './context.ts';

export interface SandboxSmtp {
  readonly port: number;
  close(): Promise<void>;
}

const KEPT_HEADERS = [
  'message-id',
  'in-reply-to',
  'references',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'dkim-signature',
  'reply-to',
  'from',
];

/** Starts it on this machine; port 0: any free one. `sent` gets each message that was taken, with who sent it. */
export async function startSmtp(
  context: Context,
  port: number,
  sent: (address: string, raw: Buffer) => void = () => {},
): Promise<SandboxSmtp> {
  // The rule for a message is decided at RCPT and some of it carried out after DATA.
  const decided = new Map<string, Rule | null>();

  function destroy(sessionId: string): void {
    for (const connection of server.connections)
      if (connection.id === sessionId) connection._socket.destroy();
  }

  const server: SMTPServer = new SMTPServer({
    banner: 'sandbox',
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    // The refusals here bring their own.
    hideENHANCEDSTATUSCODES: true,
    disableReverseLookup: true,
    logger: false,
    closeTimeout: 200,
    onAuth(auth, _session, done) {
      if (context.conduct.now.refuseCredentials) return done(refusal(535, '5.7.8 credentials refused'));
      done(null, { user: auth.username ?? 'token' });
    },
    onRcptTo(address, session, done) {
      const rule = context.conduct.apply('email', address.address);
      decided.set(session.id, rule);
      if (rule?.do === 'refuse')
        return done(
          refusal(rule.status ?? 451, `${rule.code ?? '4.7.1'} ${rule.message ?? 'try again later'}`),
        );
      if (rule?.do === 'reject')
        return done(
          refusal(
            rule.status ?? 550,
            `${rule.code ?? '5.1.1'} ${rule.message ?? `no such user <${address.address}>`}`,
          ),
        );
      done();
    },
    onData(stream, session, done) {
      const rule = decided.get(session.id) ?? null;
      const { before, after } = context.conduct.latency();
      void (async () => {
        const raw = await buffer(stream);
        await pause(context, before);
        if (rule?.do === 'lose') return destroy(session.id);
        const mail = await simpleParser(raw);
        const messageId = mail.messageId ?? '';
        const envelope = session.envelope;
        const entry = context.received.append({
          provider: 'smtp',
          channel: 'email',
          action: 'email',
          touchId: touchIdOf(messageId),
          from: envelope.mailFrom ? envelope.mailFrom.address : '',
          to: envelope.rcptTo.map((each) => each.address).join(', '),
          ...stamp(context),
          providerId: messageId,
          subject: mail.subject ?? '',
          text: mail.text ?? '',
          ...(typeof mail.html === 'string' ? { html: mail.html } : {}),
          headers: Object.fromEntries(
            mail.headerLines
              .filter((line) => KEPT_HEADERS.includes(line.key))
              .map(({ key, line }) => [
                key,
                line
                  .slice(line.indexOf(':') + 1)
                  .replace(/\r?\n\s+/g, ' ')
                  .trim(),
              ]),
          ),
        });
        if (entry.from !== '') sent(entry.from, raw);
        await pause(context, after);
        if (rule?.do === 'drop') return destroy(session.id);
        if (rule?.do === 'hang') return;
        done(null, `Ok: queued as ${entry.n}`);
      })().catch((error: Error) => done(error));
    },
    onClose(session) {
      decided.delete(session.id);
    },
  });
  server.on('error', () => {});
  const listening: Server = await new Promise((resolve, reject) => {
    server.server.once('error', reject);
    const made = server.listen(port, '127.0.0.1', () => resolve(made));
  });
  return {
    port: (listening.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}
