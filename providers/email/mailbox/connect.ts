/** Opening a mailbox by imapflow: login by password or OAuth, and what its failures mean to people. */
import { ImapFlow } from 'imapflow';
import XOAuth2 from 'nodemailer/lib/xoauth2';
import type { MailboxConfiguration } from './settings.ts';

/** Silence in which an answer is given up, in wall ms. */
const SILENCE_MS = 30_000;
/** More than any answer that is asked for. */
const LARGEST_LITERAL = 4 * 1024 * 1024;

/** The mailbox cannot be opened; the message is a sentence for people. */
export class CannotOpen extends Error {
  override name = 'CannotOpen';
  /** The server knows the login and does not want it: asking often would make it worse. */
  readonly refused: boolean;
  constructor(message: string, refused: boolean, cause: unknown) {
    super(message, { cause });
    this.refused = refused;
  }
}

/** Connects and logs in. @throws CannotOpen */
export async function openMailbox(configuration: MailboxConfiguration): Promise<ImapFlow> {
  const { host, port, security, user, login, connectTimeoutMs } = configuration;
  const where = `${host}:${port}`;
  const auth =
    login.kind === 'password'
      ? { user, pass: login.password }
      : { user, accessToken: await accessToken(login.options, where) };
  const client = new ImapFlow({
    host,
    port,
    secure: security === 'tls',
    ...(security === 'starttls' && { doSTARTTLS: true }),
    ...(security === 'none' && { doSTARTTLS: false }),
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !configuration.allowSelfSigned },
    auth,
    clientInfo: { name: 'Cadenza' },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    socketTimeout: SILENCE_MS,
    maxLiteralSize: LARGEST_LITERAL,
    maxIdleTime: 4 * 60_000,
  });
  // What breaks the connection fails the command that runs, too.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    throw cannotOpen(error, where);
  }
}

async function accessToken(options: ConstructorParameters<typeof XOAuth2>[0], where: string) {
  const token = new XOAuth2(options);
  return new Promise<string>((resolve, reject) => {
    token.getToken(false, (error, value) => {
      if (error)
        reject(new CannotOpen(`${where}: no access token was given (${error.message})`, true, error));
      else resolve(value);
    });
  });
}

function cannotOpen(error: unknown, where: string): CannotOpen {
  const { authenticationFailed, responseText, message, code } = error as {
    authenticationFailed?: boolean;
    responseText?: string;
    message: string;
    code?: string;
  };
  if (authenticationFailed)
    return new CannotOpen(
      `${where}: login refused${responseText ? ` (${responseText.trim()})` : ''}`,
      true,
      error,
    );
  return new CannotOpen(`${where}: ${message || code || 'no connection'}`, false, error);
}
