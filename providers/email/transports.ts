/** Pooled SMTP transports, one a sender, replaced when the sender's settings or credentials change. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  createTransport,
  type SendMailOptions,
  type SMTPPoolOptions,
  type SMTPPoolSentMessageInfo,
  type Transporter,
} from 'nodemailer';
import type { Deadline } from '../http.ts';
import type { SenderAccount } from '../ports.ts';
import { type EmailConfiguration, emailConfiguration } from './settings.ts';

/** Tells whether the connection has begun to read the message, which it does only after the server's 354. */
export interface HandOver {
  stream: Readable | null;
  readonly deadline: Deadline;
}

export function handedOver(watch: HandOver): boolean {
  return watch.stream?.readableDidRead === true;
}

type TrackedMail = SendMailOptions & { handOver?: HandOver };
type PoolTransporter = Transporter<SMTPPoolSentMessageInfo, SMTPPoolOptions>;

interface Entry {
  readonly fingerprint: string;
  readonly configuration: EmailConfiguration;
  readonly transporter: PoolTransporter;
}

/** The send's deadline came before the message was handed over. */
class TooLate extends Error {
  override name = 'TooLate';
}

export class Transports {
  // Insertion order is order of use: the first is the one unused for longest.
  readonly #entries = new Map<string, Entry>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The sender's transport as it is configured now. Throws `BadSettings`. */
  for(sender: SenderAccount): Entry {
    const fingerprint = createHash('sha256')
      .update(JSON.stringify([sender.address, sender.settings, sender.credentials]))
      .digest('base64');
    const known = this.#entries.get(sender.id);
    if (known) this.#entries.delete(sender.id);
    if (known?.fingerprint === fingerprint) {
      this.#entries.set(sender.id, known);
      return known;
    }
    // Lets what is being sent finish; idle connections close at once.
    known?.transporter.close();
    const configuration = emailConfiguration(sender);
    const entry = { fingerprint, configuration, transporter: open(configuration) };
    this.#entries.set(sender.id, entry);
    if (this.#entries.size > this.#limit) {
      const [oldest, unused] = this.#entries.entries().next().value as [string, Entry];
      this.#entries.delete(oldest);
      unused.transporter.close();
    }
    return entry;
  }

  close(): void {
    for (const entry of this.#entries.values()) entry.transporter.close();
    this.#entries.clear();
  }
}

function open(configuration: EmailConfiguration): PoolTransporter {
  const transporter = createTransport(configuration.pool);
  // A pool reports the failure of an idle connection as an event; without a listener it would end the process.
  transporter.on('error', () => {});
  transporter.use('stream', (mail, done) => {
    const watch = (mail.data as TrackedMail).handOver;
    const { message } = mail;
    if (watch && message) {
      const create = message.createReadStream.bind(message);
      message.createReadStream = (options) => {
        // The pool may ask again for a connection that was dropped, but never for a message that was already being read.
        if (handedOver(watch)) return refused();
        const stream = (watch.stream = create(options));
        const pipe = stream.pipe.bind(stream);
        // The connection pipes the message once the server has said 354, the last moment at which it can still be kept.
        stream.pipe = (destination, more) => {
          if (!watch.deadline.passed()) return pipe(destination, more);
          stream.destroy(new TooLate('the time for this touch was over before its message was handed over'));
          return destination;
        };
        return stream;
      };
    }
    done();
  });
  return transporter;
}

function refused(): Readable {
  return new Readable({
    read() {
      this.destroy(new Error('this message was handed over before'));
    },
  });
}
