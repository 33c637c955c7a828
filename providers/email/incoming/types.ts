/** What arrives in a mailbox, taken apart, and what it was found to be. */

/** An incoming message. Nothing of it is trusted: every header can be forged, and any of it can be missing or broken. */
export interface IncomingMail {
  readonly messageId: string | null;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** Lower case. */
  readonly from: string | null;
  readonly fromName: string | null;
  readonly to: readonly string[];
  readonly subject: string;
  readonly date: Date | null;
  /** The text as a person would read it; made from the HTML where there is no other. */
  readonly text: string;
  /** Lower-case names; only those that rules ask for. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly contentType: string;
  /** `message/delivery-status` (RFC 3464): fields by lower-case name, a block per message and recipient. */
  readonly deliveryStatus: readonly ReadonlyMap<string, string>[];
  /** `message/feedback-report` (RFC 5965). */
  readonly feedback: ReadonlyMap<string, string> | null;
  /** The message that this one reports about or carries. */
  readonly original: OriginalMail | null;
  /** Media types of the parts. */
  readonly parts: readonly string[];
}

/** What is known of a message of ours out of a report about it. */
export interface OriginalMail {
  readonly messageId: string | null;
  readonly touchId: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly subject: string | null;
}

export const MAIL_CLASSES = [
  'human',
  'bounce',
  'delayed',
  'auto_reply',
  'out_of_office',
  'left_company',
  'complaint',
  'unsubscribe',
  'own',
  'other',
] as const;
export type MailClass = (typeof MAIL_CLASSES)[number];

/**
 * `hard`: nobody can be reached there. `mailbox_full`, `soft`: not this time, another attempt may arrive. `policy`: the receiver did not
 * want this message or this sender; the address may well exist.
 */
export type BounceKind = 'hard' | 'soft' | 'policy' | 'mailbox_full';

export interface Bounce {
  readonly kind: BounceKind;
  /** RFC 3463, e.g. 5.1.1; null when nothing says it. */
  readonly status: string | null;
  readonly recipient: string | null;
  /** What the receiver said, for people. */
  readonly detail: string | null;
}

export interface MailVerdict {
  readonly class: MailClass;
  readonly bounce: Bounce | null;
  /** `out_of_office`: the first day back, YYYY-MM-DD; null when it does not say. */
  readonly returnDate: string | null;
  /** `left_company`: whom the notice names instead. */
  readonly replacement: string | null;
  /** `human`, `unsubscribe`: what was written, without quote and signature. */
  readonly replyText: string | null;
  /** ISO 639-1; null when the text is too short to tell. */
  readonly language: string | null;
  /** Which rule decided, a snake_case word. */
  readonly why: string;
}
