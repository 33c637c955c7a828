/** The part of Twilio's REST API that the adapters use: messages, calls, the account; and what it tells afterwards. */
import { createHash } from 'node:crypto';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Rule } from './behaviour.ts';
import { type Answer, type Context, pause, perform, stamp } from './context.ts';
import { TWILIO_ACCOUNT } from './hooks.ts';
import type { Received } from './record.ts';

/** A message that somebody sent to one of our numbers. */
export interface TwilioIncoming {
  readonly sid: string;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** Wall clock, ISO. */
  readonly at: string;
}

/** Somebody writes to a number (`whatsapp:` before both for WhatsApp): it is listed from now on, and told. */
export function takeIncoming(
  context: Context,
  incoming: TwilioIncoming[],
  { channel, from, to, text }: { channel: string; from: string; to: string; text: string },
): void {
  const address = (number: string) =>
    channel === 'whatsapp' ? `whatsapp:${number.replace(/^whatsapp:/, '')}` : number;
  const message = { sid: sid('SM'), from: address(from), to: address(to), text, at: stamp(context).at };
  incoming.push(message);
  context.hooks.later(() =>
    context.hooks.twilioNumber(message.to, {
      MessageSid: message.sid,
      SmsSid: message.sid,
      SmsMessageSid: message.sid,
      From: message.from,
      To: message.to,
      Body: message.text,
      NumMedia: '0',
      NumSegments: '1',
      SmsStatus: 'received',
    }),
  );
}

/** How long after a message or call was taken its next status is told, in wall ms. */
const STATUS_MS = 20;

const BASE = '/2010-04-01/Accounts/:sid';

function failure(status: number, code: number, message: string): Answer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

function refusal(rule: Rule): Answer {
  if (rule.do === 'refuse')
    return failure(rule.status ?? 429, Number(rule.code ?? 20429), rule.message ?? 'Too many requests');
  return failure(rule.status ?? 400, Number(rule.code ?? 21211), rule.message ?? "Invalid 'To' Phone Number");
}

/** Registers the routes; to be mounted under the path that stands for api.twilio.com. */
export async function twilioRoutes(
  app: FastifyInstance,
  context: Context,
  incoming: readonly TwilioIncoming[],
): Promise<void> {
  await app.register(formbody);
  const basic = `Basic ${Buffer.from(`${TWILIO_ACCOUNT.accountSid}:${TWILIO_ACCOUNT.authToken}`).toString('base64')}`;
  const taken = new Map<string, Received[]>();
  const keep = (entry: Received): void => void taken.set(entry.to, [...(taken.get(entry.to) ?? []), entry]);
  for (const entry of context.received.read())
    if (entry.provider === 'twilio' && entry.channel !== 'call') keep(entry);

  app.addHook('onRequest', async (request, reply) => {
    const refused = request.headers.authorization !== basic || context.conduct.now.refuseCredentials;
    if (refused) await send(reply, failure(401, 20003, 'Authenticate'));
  });

  type Form = { Body: Record<string, string | undefined> };

  app.post<Form>(`${BASE}/Messages.json`, async (request, reply) => {
    const form = request.body;
    const to = form.To ?? '';
    const number = to.replace(/^whatsapp:/, '');
    const channel = to.startsWith('whatsapp:') ? 'whatsapp' : 'sms';
    if (!/^\+\d{6,15}$/.test(number))
      return send(reply, failure(400, 21211, `The 'To' number ${to} is not a valid phone number.`));
    if (!form.From && !form.MessagingServiceSid)
      return send(reply, failure(400, 21603, "A 'From' phone number is required."));
    if (!form.Body && !form.ContentSid)
      return send(reply, failure(400, 21619, 'A text message body or media urls must be specified.'));
    const take = (rule: Rule | null): Answer => {
      const entry = context.received.append({
        provider: 'twilio',
        channel,
        action: channel,
        touchId: touchOf(form.StatusCallback),
        from: form.From ?? form.MessagingServiceSid ?? '',
        to,
        ...stamp(context),
        providerId: sid('SM'),
        text: form.Body ?? `${form.ContentSid} ${form.ContentVariables ?? ''}`.trim(),
      });
      keep(entry);
      if (form.StatusCallback) report(context, entry, form.StatusCallback, rule);
      return { status: 201, body: messageOf(entry) };
    };
    return perform(context, reply, { channel, recipient: number }, take, refusal);
  });

  app.get<{ Querystring: ListQuery }>(`${BASE}/Messages.json`, async (request) => {
    const { To: to = '', From: from, PageSize = '50', Page = '0' } = request.query;
    const after = Date.parse(request.query['DateSent>'] ?? '') || 0;
    const listed = [
      ...(taken.get(to) ?? []).map((entry) => ({ at: entry.at, from: entry.from, body: messageOf(entry) })),
      ...incoming
        .filter((each) => each.to === to)
        .map((each) => ({ at: each.at, from: each.from, body: incomingOf(each) })),
    ]
      .filter((each) => (from === undefined || each.from === from) && Date.parse(each.at) >= after)
      .toReversed()
      .toSorted((one, other) => other.at.localeCompare(one.at));
    const [page, size] = [Number(Page), Number(PageSize)];
    const next = new URLSearchParams({ ...request.query, Page: String(page + 1) }).toString();
    const path = request.url.replace(/^.*(?=\/2010-04-01)/, '').split('?')[0];
    return {
      messages: listed.slice(page * size, (page + 1) * size).map((each) => each.body),
      page,
      page_size: size,
      start: page * size,
      end: Math.min(listed.length, (page + 1) * size) - 1,
      uri: request.url,
      first_page_uri: path,
      next_page_uri: (page + 1) * size < listed.length ? `${path}?${next}` : null,
      previous_page_uri: null,
    };
  });

  app.post<Form>(`${BASE}/Calls.json`, async (request, reply) => {
    const { To: to = '', From: from = '', Twiml: text = '', StatusCallback: callback } = request.body;
    const take = (rule: Rule | null): Answer => {
      const entry = context.received.append({
        provider: 'twilio',
        channel: 'call',
        action: 'call',
        touchId: null,
        from,
        to,
        ...stamp(context),
        providerId: sid('CA'),
        text,
      });
      ring(context, entry, callback, rule);
      return {
        status: 201,
        body: {
          sid: entry.providerId,
          account_sid: TWILIO_ACCOUNT.accountSid,
          to,
          from,
          status: 'queued',
          direction: 'outbound-api',
          uri: request.url,
        },
      };
    };
    return perform(context, reply, { channel: 'call', recipient: to }, take, refusal);
  });

  app.get('/2010-04-01/Accounts/:file', async () => ({
    sid: TWILIO_ACCOUNT.accountSid,
    friendly_name: 'Sandbox',
    status: 'active',
    type: 'Full',
  }));
}

interface ListQuery {
  readonly To?: string;
  readonly From?: string;
  readonly 'DateSent>'?: string;
  readonly PageSize?: string;
  readonly Page?: string;
}

/** Tells what becomes of a message that was taken: `sent`, and then how it ended. */
function report(context: Context, entry: Received, url: string, rule: Rule | null): void {
  const bad = rule?.do === 'undelivered' || rule?.do === 'failed';
  const last = bad ? rule.do : 'delivered';
  const tell = async (status: string) => {
    await pause(context, STATUS_MS);
    await context.hooks.twilio(url, {
      MessageSid: entry.providerId,
      SmsSid: entry.providerId,
      MessageStatus: status,
      SmsStatus: status,
      From: entry.from,
      To: entry.to,
      ...(bad && status === last && { ErrorCode: String(rule.code ?? 30003) }),
    });
  };
  context.hooks.later(async () => {
    if (last !== 'failed') await tell('sent');
    await tell(last);
  });
}

/** How long a call in the sandbox lasts, in seconds. */
const CALL_SECONDS = '42';

/** Plays a call: the phone that is rung, and then the one that its TwiML dials; each tells how it ended. */
function ring(context: Context, entry: Received, callback: string | undefined, rule: Rule | null): void {
  const [, attributes = '', dialled] = /<Number([^>]*)>([^<]+)</.exec(entry.text) ?? [];
  const dialledCallback = /statusCallback="([^"]+)"/.exec(attributes)?.[1]?.replaceAll('&amp;', '&');
  const tell = async (url: string | undefined, status: string, more: Record<string, string>) => {
    if (url === undefined) return;
    await pause(context, STATUS_MS);
    await context.hooks.twilio(url, {
      CallStatus: status,
      CallDuration: status === 'completed' ? CALL_SECONDS : '0',
      Direction: 'outbound-api',
      ...more,
    });
  };
  context.hooks.later(async () => {
    const parent = entry.providerId;
    const own = endOf(rule);
    if (own === 'completed' && dialled !== undefined) {
      const end = endOf(context.conduct.apply('call', dialled));
      const leg = { CallSid: sid('CA'), ParentCallSid: parent, To: dialled, From: entry.from };
      await tell(dialledCallback, end, { ...leg, Direction: 'outbound-dial' });
    }
    await tell(callback, own, { CallSid: parent, To: entry.to, From: entry.from });
  });
}

function endOf(rule: Rule | null): string {
  if (rule?.do === 'failed') return 'failed';
  return rule?.do === 'undelivered' ? String(rule.code ?? 'no-answer') : 'completed';
}

function incomingOf(message: TwilioIncoming): Record<string, unknown> {
  const date = new Date(message.at).toUTCString().replace('GMT', '+0000');
  return {
    sid: message.sid,
    account_sid: TWILIO_ACCOUNT.accountSid,
    api_version: '2010-04-01',
    body: message.text,
    from: message.from,
    to: message.to,
    direction: 'inbound',
    status: 'received',
    num_segments: '1',
    num_media: '0',
    price: null,
    price_unit: 'USD',
    error_code: null,
    error_message: null,
    messaging_service_sid: null,
    date_created: date,
    date_updated: date,
    date_sent: date,
    subresource_uris: {},
    uri: `/2010-04-01/Accounts/${TWILIO_ACCOUNT.accountSid}/Messages/${message.sid}.json`,
  };
}

function messageOf(entry: Received): Record<string, unknown> {
  const date = new Date(entry.at).toUTCString().replace('GMT', '+0000');
  return {
    sid: entry.providerId,
    account_sid: TWILIO_ACCOUNT.accountSid,
    api_version: '2010-04-01',
    body: entry.text,
    from: entry.from,
    to: entry.to,
    direction: 'outbound-api',
    status: 'queued',
    num_segments: '1',
    num_media: '0',
    price: null,
    price_unit: 'USD',
    error_code: null,
    error_message: null,
    messaging_service_sid: null,
    date_created: date,
    date_updated: date,
    date_sent: null,
    subresource_uris: {},
    uri: `/2010-04-01/Accounts/${TWILIO_ACCOUNT.accountSid}/Messages/${entry.providerId}.json`,
  };
}

function touchOf(statusCallback: string | undefined): string | null {
  return statusCallback !== undefined && URL.canParse(statusCallback)
    ? new URL(statusCallback).searchParams.get('touch')
    : null;
}

function sid(prefix: string): string {
  return prefix + createHash('md5').update(process.hrtime.bigint().toString()).digest('hex');
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).send(answer.body);
}
