/** SMS and WhatsApp by Twilio's Messages. */
import type {
  AskMissed,
  CheckLine,
  FindResult,
  Outgoing,
  Provider,
  SenderAccount,
  SendResult,
} from '../ports.ts';
import { wallNow } from '../../common/clock.ts';
import { classifyTwilio } from './classify.ts';
import { checkAccount } from './account.ts';
import { reachable, twilioClient, type TwilioSettings } from './client.ts';

/** Messages to one number that `find` looks through. */
const LISTED = 500;
/** Incoming messages that are read at once, newest first. */
const MISSED = 5000;
/** How much earlier than our clock Twilio's may date a message, in milliseconds. */
const CLOCK_SKEW_MS = 5_000;

export interface TwilioOptions {
  /** Where Twilio reports a sender's deliveries when its settings don't say. */
  readonly statusCallback?: (senderId: string) => string;
}

/** `sms/twilio` or `whatsapp/twilio`. */
export function createTwilioMessages(channel: 'sms' | 'whatsapp', options: TwilioOptions = {}): Provider {
  const address = (number: string): string =>
    channel === 'whatsapp' ? `whatsapp:${number.replace(/^whatsapp:/, '')}` : number;

  async function send(sender: SenderAccount, touch: Outgoing): Promise<SendResult> {
    try {
      const { client, settings } = twilioClient(sender);
      const callback = statusCallback(
        settings.statusCallbackUrl ?? reachable(settings, options.statusCallback?.(sender.id)),
        touch.touchId,
      );
      const message = await client.messages.create({
        to: address(touch.to),
        ...(settings.messagingServiceSid
          ? { messagingServiceSid: settings.messagingServiceSid }
          : { from: address(sender.address) }),
        ...(touch.contentSid
          ? {
              contentSid: touch.contentSid,
              ...(touch.variables ? { contentVariables: JSON.stringify(touch.variables) } : {}),
            }
          : { body: touch.text }),
        ...(callback ? { statusCallback: callback } : {}),
      });
      return { kind: 'sent', providerId: message.sid };
    } catch (error) {
      return classifyTwilio(error);
    }
  }

  // Twilio has no idempotency key, but it lists what it took. Without a date filter: a message that is queued has no DateSent yet.
  async function find(sender: SenderAccount, touch: Outgoing): Promise<FindResult> {
    if (!touch.since) return { kind: 'cannot_say' };
    try {
      const { client, settings } = twilioClient(sender);
      const since = touch.since.getTime() - CLOCK_SKEW_MS;
      const listed = await client.messages.list({
        to: address(touch.to),
        ...(settings.messagingServiceSid ? {} : { from: address(sender.address) }),
        limit: LISTED,
        pageSize: LISTED,
      });
      const ours = listed.find(
        (each) =>
          each.direction.startsWith('outbound') &&
          each.dateCreated.getTime() >= since &&
          (touch.contentSid !== undefined || sameText(each.body, touch.text)),
      );
      if (ours) return { kind: 'found', providerId: ours.sid };
      return listed.length < LISTED && settled(settings, touch.since)
        ? { kind: 'not_found' }
        : { kind: 'cannot_say' };
    } catch {
      return { kind: 'cannot_say' };
    }
  }

  // A messaging service has many numbers; a message that came to one of them names the service.
  const messages: AskMissed = async (sender, since) => {
    const { client, settings } = twilioClient(sender);
    const service = settings.messagingServiceSid;
    const listed = await client.messages.list({
      ...(service ? {} : { to: address(sender.address) }),
      dateSentAfter: since,
      limit: MISSED,
      pageSize: 1000,
    });
    const incoming = listed.filter(
      (each) =>
        each.direction === 'inbound' &&
        (!service ||
          (each.messagingServiceSid === service &&
            each.to.startsWith('whatsapp:') === (channel === 'whatsapp'))),
    );
    return {
      // Of one second the list's own order says which came first: it has the latest before.
      arrived: incoming
        .toReversed()
        .map((each) => ({
          at: each.dateSent ?? each.dateCreated,
          payload: {
            MessageSid: each.sid,
            AccountSid: each.accountSid,
            From: each.from,
            To: each.to,
            Body: each.body,
            NumMedia: each.numMedia,
          },
        }))
        .toSorted((one, other) => one.at.getTime() - other.at.getTime()),
      whole: listed.length < MISSED,
    };
  };

  return {
    id: `${channel}/twilio`,
    mode: 'wire',
    send,
    find,
    missed: { messages },
    check: (sender): Promise<readonly CheckLine[]> => checkAccount(sender),
    assertSettings: twilioClient,
    async close() {},
  };
}

function settled(settings: TwilioSettings, since: Date): boolean {
  return wallNow() - since.getTime() >= settings.settleMs;
}

// Trial accounts put a sentence of Twilio's before the body; white space is not kept exactly.
function sameText(listed: string | null, ours: string): boolean {
  const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();
  return plain(listed ?? '').endsWith(plain(ours));
}

/** The status callback with the touch's id in its query; undefined when none is configured. */
function statusCallback(base: string | undefined, touchId: string): string | undefined {
  if (base === undefined) return undefined;
  const url = new URL(base);
  url.searchParams.set('touch', touchId);
  return url.href;
}
