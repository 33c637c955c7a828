import type { Bond } from '../../db/lead-senders.ts';
import type { Sender } from '../../db/senders.ts';
import type { TouchContent, TouchKey, TouchRow } from '../../db/touches.ts';
import { trackedHtml } from '../../providers/email/tracking/rewrite.ts';
import type { Outgoing } from '../../providers/ports.ts';
import type { Channel } from '../../sequences/lead.ts';
import type { Instant, StepCopy } from '../../sequences/plan.ts';
import type { EnrollmentDeps } from './deps.ts';

/** A touch that is `sending`, with all that handing it over and writing down the outcome needs. */
export interface Delivery {
  readonly key: TouchKey;
  readonly touchId: string;
  readonly leadId: string;
  readonly action: TouchRow['action'];
  readonly channel: Channel | 'webhook';
  /** null: a webhook. */
  readonly sender: Sender | null;
  readonly to: string;
  readonly toName: string | null;
  readonly content: TouchContent;
  readonly attachments: NonNullable<StepCopy['attachments']>;
  readonly bond: Bond | null;
  /** Until when somebody who is not connected is waited for, from an instant on; null: not at all. */
  readonly connectionUntil: (from: Instant) => Instant | null;
  /** Wall milliseconds just before the touch was committed as `sending`: its lease cannot have begun earlier. */
  readonly leaseFrom: number;
  /** Of the enrollment, when it was saved with the command. */
  readonly revision: number;
}

/** Looking more often would only fill the history. */
const LOOK_AT_MOST_MS = 15_000;
const LOOK_MARGIN_MS = 250;

/** Business instant at which to look again after a touch whose lease still has so many wall milliseconds. */
export function lookLater(now: Instant, speed: number, leaseLeftMs: number): Instant {
  const wall = Math.min(Math.max(leaseLeftMs, 0), LOOK_AT_MOST_MS) + LOOK_MARGIN_MS;
  return now + Math.ceil(wall * speed);
}

/** What a webhook's receiver knows a touch by, whichever attempt it is: it may drop what it has. */
export function webhookId({ enrollmentId, step, visit }: TouchKey): string {
  return `${enrollmentId}:${step}:${visit}`;
}

/** The touch in its provider's words. `since`: from when the provider may have it. */
export function outgoingOf(
  { touchId, action, to, toName, content, attachments, bond }: Delivery,
  deps: Pick<EnrollmentDeps, 'unsubscribeUrl' | 'trackingUrls'>,
  since: Date,
): Outgoing {
  const { html, tracking } = content;
  return {
    touchId,
    action,
    to,
    toName,
    text: content.text ?? '',
    ...(content.subject !== undefined && { subject: content.subject }),
    ...(html !== undefined && {
      html: tracking ? trackedHtml(html, tracking, touchId, deps.trackingUrls) : html,
    }),
    ...(attachments.length > 0 && { attachments }),
    ...(content.thread && { thread: content.thread }),
    ...(action === 'email' && { unsubscribeUrl: deps.unsubscribeUrl(touchId) }),
    ...(content.contentSid !== undefined && { contentSid: content.contentSid }),
    ...(content.variables && { variables: content.variables }),
    providerLeadId: bond?.providerLeadId ?? null,
    providerChatId: bond?.providerChatId ?? null,
    since,
  };
}
