import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import type { Services } from '../services.ts';
import { recordLeadEvent } from '../../db/events.ts';
import { completeTask, listTasks } from '../../db/tasks.ts';
import { hash32 } from '../../sequences/engine/hash.ts';
import type { Sandbox } from '../../providers/sandbox/sandbox.ts';

const HOUR = 3_600_000;

/** What the rep does about a call, decided by the lead: most calls end like most calls. */
const OUTCOMES = ['no_answer', 'voicemail', 'connected', 'voicemail', 'no_answer', 'meeting_booked'] as const;

/**
 * The people of the demo: leads who answer, accept, unsubscribe by their mail client, and a rep who works the calls. Each
 * reacts to what the sandbox received, as a person would, some business hours later. Deterministic by the lead's address.
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
      const { touchId } = message;
      const chance = hash32(`${message.to}:${message.channel}:${message.action}`) % 100;
      if (message.action === 'invite' && chance < 45)
        this.#later(at + 20 * HOUR, () => this.#accept(touchId, message.to));
      else if (message.channel === 'email' && chance < 6)
        this.#later(at + 5 * HOUR, () => this.#event(touchId, 'replied', 'email'));
      else if (message.channel === 'email' && chance < 12) {
        const url = /<(https?:[^>]+)>/.exec(message.headers?.['list-unsubscribe'] ?? '')?.[1];
        if (url) this.#later(at + 3 * HOUR, () => unsubscribe(url));
      } else if (message.channel === 'linkedin' && message.action === 'message' && chance < 25) {
        this.#later(at + 26 * HOUR, () => this.#event(touchId, 'replied', 'linkedin'));
      } else if (message.channel === 'sms' && chance < 20) {
        this.#later(at + 2 * HOUR, () => this.#event(touchId, 'replied', 'sms'));
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

  /** On LinkedIn it is the sandbox's world that knows who is connected; Unipile would tell by webhook. */
  async #accept(touchId: string, slug: string): Promise<void> {
    this.#sandbox.control({ connect: [slug] });
    await this.#event(touchId, 'accepted', 'linkedin');
  }

  async #event(
    touchId: string,
    type: 'accepted' | 'replied',
    channel: 'email' | 'linkedin' | 'sms',
  ): Promise<void> {
    const { db, hashIdentity, waker } = this.#services;
    const { rows } = await db.query<{ lead_id: string }>('select lead_id from touches where id = $1', [
      touchId,
    ]);
    if (!rows[0]) return;
    const { wake } = await recordLeadEvent(db, hashIdentity, {
      leadId: rows[0].lead_id,
      type,
      channel,
      dedupeKey: `demo:${touchId}:${type}`,
    });
    await (await waker()).enrollments(wake);
  }

  #later(at: number, work: () => Promise<void>): void {
    this.#schedule(new Date(at), work);
  }
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
