/** How the sandbox's providers behave; all of it can be changed while it runs, over `POST /control`. */
import * as z from 'zod';

const ruleSchema = z.strictObject({
  /** A regular expression over the recipient: email address, phone number (E.164) or LinkedIn slug. Case does not matter. */
  match: z.string().refine(isRegExp, 'must be a regular expression'),
  channels: z.array(z.enum(['email', 'linkedin', 'sms', 'whatsapp', 'call'])).optional(),
  /**
   * `refuse`: not now (4xx, 429). `reject`: never (5xx, 400, 422). `hang`: taken, never answered. `drop`: taken, and the connection closed
   * instead of an answer. `lose`: not taken, and the connection closed. `undelivered`, `failed`: taken, and reported so afterwards
   * (SMS, WhatsApp; of a call `undelivered` is nobody picking up, or what `code` says: busy).
   */
  do: z.enum(['refuse', 'reject', 'hang', 'drop', 'lose', 'undelivered', 'failed']),
  /** How often for each recipient; absent: always. */
  times: z.int().min(1).optional(),
  /** Instead of the usual answer: the SMTP or HTTP status, and the provider's error code (enhanced status, Unipile type, Twilio code). */
  status: z.int().optional(),
  code: z.union([z.string(), z.int()]).optional(),
  message: z.string().optional(),
  retryAfterSeconds: z.int().min(0).optional(),
});

const behaviourSchema = z.strictObject({
  /** How long an answer takes: between the two, in wall milliseconds; part of it passes before the message is taken, part after. */
  latencyMs: z.tuple([z.number().min(0), z.number().min(0)]),
  /** The first one that matches decides. */
  rules: z.array(ruleSchema),
  /** Refuse every login or key, whoever it is. */
  refuseCredentials: z.boolean(),
  /** Whether the IMAP server tells of news while a client idles. */
  imapIdle: z.boolean(),
  /** The IMAP server takes nobody in. */
  imapDown: z.boolean(),
  /** Whether what a rep sends by SMTP is put into the Sent folder, as large providers do. */
  keepSent: z.boolean(),
  linkedin: z.strictObject({
    /** Slugs that are connected from the beginning. */
    connected: z.string().refine(isRegExp, 'must be a regular expression'),
    /** Slugs nobody has. */
    unknown: z.string().refine(isRegExp, 'must be a regular expression'),
    /** Which share of people accepts an invitation, decided by the slug, and after how many hours of business time. */
    acceptShare: z.number().min(0).max(1),
    acceptAfterHours: z.number().min(0),
    accountStatus: z.string(),
  }),
  crm: z.strictObject({
    /** Answer with this status; only 2xx takes the callback. */
    status: z.int().min(100).max(599),
    retryAfterSeconds: z.int().min(0).nullable(),
    /** Never answer. */
    hang: z.boolean(),
    /** Secrets (`whsec_…`) of which one must verify; null: the sandbox's own. */
    secrets: z.array(z.string()).nullable(),
  }),
});

export type Rule = z.output<typeof ruleSchema>;
export type Behaviour = z.output<typeof behaviourSchema>;

/** What `POST /control` takes: any part of the behaviour; the given parts replace what was there. */
export const controlSchema = behaviourSchema
  .extend({ linkedin: behaviourSchema.shape.linkedin.partial(), crm: behaviourSchema.shape.crm.partial() })
  .partial()
  .extend({
    /** Back to the beginning's behaviour, before the rest is applied. What was received stays. */
    reset: z.boolean().optional(),
    /** Mail that arrives now: in whose mailbox, its bytes as text, and the folder when it is not the inbox. */
    mail: z
      .array(z.strictObject({ to: z.string(), raw: z.string(), folder: z.string().optional() }))
      .max(1000)
      .optional(),
    /** Slugs that connect now; whoever was invited has accepted. */
    connect: z.array(z.string()).optional(),
    /** What people write now: `from` their number or slug, `to` a sender's number or Unipile account. */
    messages: z
      .array(
        z.strictObject({
          channel: z.enum(['sms', 'whatsapp', 'linkedin']),
          from: z.string(),
          to: z.string(),
          text: z.string(),
        }),
      )
      .max(1000)
      .optional(),
    /** Business time for a sandbox in a process of its own: business = anchor + (wall − wallAnchor) × speed, in UTC ms. */
    clock: z
      .strictObject({ wallAnchor: z.number(), businessAnchor: z.number(), speed: z.number().min(0) })
      .optional(),
  });
export type Control = z.output<typeof controlSchema>;

/** Prompt, kind, and known to bounce what begins with `bounce`. */
const CALM: Behaviour = {
  latencyMs: [0, 0],
  rules: [{ match: '^bounce', do: 'reject' }],
  refuseCredentials: false,
  imapIdle: true,
  imapDown: false,
  keepSent: true,
  linkedin: {
    connected: '^$',
    unknown: '^unknown',
    acceptShare: 0.5,
    acceptAfterHours: 20,
    accountStatus: 'OK',
  },
  crm: { status: 200, retryAfterSeconds: null, hang: false, secrets: null },
};

function isRegExp(source: string): boolean {
  try {
    new RegExp(source, 'i');
    return true;
  } catch {
    return false;
  }
}

/** The present behaviour and how often each rule was applied. */
export class Conduct {
  #now: Behaviour;
  readonly #initial: Behaviour;
  #applied = new Map<string, number>();

  constructor(initial: Partial<Behaviour>) {
    this.#initial = { ...CALM, ...initial };
    this.#now = this.#initial;
  }

  get now(): Behaviour {
    return this.#now;
  }

  change(control: Control): void {
    const { reset, connect: _connect, clock: _clock, mail: _mail, messages: _messages, ...more } = control;
    const { linkedin, crm, ...rest } = more;
    const base = reset ? this.#initial : this.#now;
    const given = Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined),
    ) as Partial<Behaviour>;
    this.#now = {
      ...base,
      ...given,
      linkedin: { ...base.linkedin, ...linkedin } as Behaviour['linkedin'],
      crm: { ...base.crm, ...crm } as Behaviour['crm'],
    };
    if (reset || rest.rules) this.#applied = new Map();
  }

  /** The rule that decides about this recipient, counted as applied; null: all is well. */
  apply(channel: string, recipient: string): Rule | null {
    for (const [index, rule] of this.#now.rules.entries()) {
      if (rule.channels && !(rule.channels as readonly string[]).includes(channel)) continue;
      if (!new RegExp(rule.match, 'i').test(recipient)) continue;
      const key = `${index} ${channel} ${recipient}`;
      const applied = this.#applied.get(key) ?? 0;
      if (rule.times !== undefined && applied >= rule.times) continue;
      this.#applied.set(key, applied + 1);
      return rule;
    }
    return null;
  }

  /** A latency within the range, cut in two: before and after the message is taken. */
  latency(): { before: number; after: number } {
    const [from, to] = this.#now.latencyMs;
    const whole = from + Math.random() * Math.max(0, to - from);
    const before = Math.random() * whole;
    return { before, after: whole - before };
  }
}
