import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { Services } from '../services.ts';
import { completeTask, listTasks } from '../../db/tasks.ts';
import { hash32 } from '../../sequences/engine/hash.ts';
import type { Control } from '../../providers/sandbox/behaviour.ts';
import type { Received } from '../../providers/sandbox/record.ts';
import type { Sandbox } from '../../providers/sandbox/sandbox.ts';

const HOUR = 3_600_000;
const ANSWER = 'Thank you, that sounds interesting. Can we talk next week?';
/** For so many looks, 20 wall ms apart, a mail is waited for. */
const MAIL_LOOKS = 250;

/** What the rep does about a call, decided by the lead: most calls end like most calls. */
const OUTCOMES = ['no_answer', 'voicemail', 'connected', 'voicemail', 'no_answer', 'meeting_booked'] as const;

/**
 * The people of the demo: leads who answer, accept, unsubscribe by their mail client, and a rep who works the calls. Each
 * reacts to what the sandbox received, as a person would, some business hours later, and by the way that a person would take: what
 * they write and accept reaches Cadenza through the sandbox's mailboxes and webhooks. Deterministic by the lead's address.
 */
export class Cast {
  readonly #services: Services;
  readonly #sandbox: Sandbox;
  readonly #schedule: (at: Date, work: () => Promise<void>) => void;
  #read = 0;
  readonly #calls = new Set<string>();

  constructor(services: Services, sandbox: Sandbox, schedule: (at: Date, work: () => Promise<void>) => void) {
    this.#services = services;
    this.#sandbox = sandbox;
    this.#schedule = schedule;
  }

  /** Lets everybody react to what is new. Called again and again while the demo runs. */
  async react(): Promise<void> {
    const received = this.#sandbox.received();
    for (; this.#read < received.length; this.#read++) {
      const message = received[this.#read]!;
      if (!message.touchId || !message.businessAt) continue;
      const at = Date.parse(message.businessAt);
      const chance = hash32(`${message.to}:${message.channel}:${message.action}`) % 100;
      if (message.action === 'invite' && chance < 45)
        this.#later(at + 20 * HOUR, () => this.#do({ connect: [message.to] }));
      else if (message.channel === 'email' && chance < 6)
        this.#later(at + 5 * HOUR, () => this.#answerMail(message));
      else if (message.channel === 'email' && chance < 12) {
        const url = /<(https?:[^>]+)>/.exec(message.headers?.['list-unsubscribe'] ?? '')?.[1];
        if (url) this.#later(at + 3 * HOUR, () => unsubscribe(url));
      } else if (message.channel === 'linkedin' && message.action === 'message' && chance < 25) {
        this.#later(at + 26 * HOUR, () => this.#do({ messages: [answerTo(message, 'linkedin')] }));
      } else if (message.channel === 'sms' && chance < 20) {
        this.#later(at + 2 * HOUR, () => this.#do({ messages: [answerTo(message, 'sms')] }));
      }
    }
    await this.#work();
  }

  /** The rep's calls: three in four are made, two hours after they came up; the rest stay undone until they are given up. */
  async #work(): Promise<void> {
    const { db, waker } = this.#services;
    for (const task of await listTasks(db, { kind: 'call' })) {
      if (this.#calls.has(task.id)) continue;
      this.#calls.add(task.id);
      const chance = hash32(task.leadName) % 100;
      if (chance >= 75) continue;
      this.#later(this.#services.clock.now() + 2 * HOUR, async () => {
        const outcome = OUTCOMES[chance % OUTCOMES.length]!;
        const { wake } = await completeTask(db, task.id, { outcome });
        await (await waker()).enrollments(wake);
      });
    }
  }

  /** Somebody does something at a provider, which tells Cadenza before business time goes on. */
  async #do(control: Control): Promise<void> {
    this.#sandbox.control(control);
    await this.#sandbox.told();
  }

  /** An answer in the rep's mailbox. Nobody tells of mail: business time waits a moment until it was read. */
  async #answerMail(message: Received): Promise<void> {
    const messageId = `<answer-${message.touchId}@leads.example>`;
    const raw = [
      `From: ${message.to}`,
      `To: ${message.from}`,
      `Subject: Re: ${message.subject ?? ''}`,
      `Message-ID: ${messageId}`,
      `In-Reply-To: ${message.providerId}`,
      `References: ${message.providerId}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      '',
      ANSWER,
    ];
    this.#sandbox.mailTo(message.from, raw.join('\r\n'));
    for (let look = 0; look < MAIL_LOOKS && !(await this.#wasRead(message.touchId!)); look++) await sleep(20);
  }

  async #wasRead(touchId: string): Promise<boolean> {
    const { rowCount } = await this.#services.db.query('select from messages where touch_id = $1 limit 1', [
      touchId,
    ]);
    return rowCount === 1;
  }

  #later(at: number, work: () => Promise<void>): void {
    this.#schedule(new Date(at), work);
  }
}

function answerTo(message: Received, channel: 'linkedin' | 'sms') {
  return { channel, from: message.to, to: message.from, text: ANSWER };
}

/** As a mail client does it: RFC 8058, one click. */
async function unsubscribe(url: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await axios.post(url, 'List-Unsubscribe=One-Click', { timeout: 5000, proxy: false });
      return;
    } catch (error) {
      if (attempt >= 3) throw error;
      await sleep(200);
    }
  }
}
