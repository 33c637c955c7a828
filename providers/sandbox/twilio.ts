/** The part of Twilio's REST API that the adapter uses: messages, calls, the account. */
import { createHash } from 'node:crypto';
import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Rule } from './behaviour.ts';
import { type Answer, type Context, perform, stamp } from './context.ts';
import type { Received } from './record.ts';

/** The account that the sandbox's Twilio knows. */
export const TWILIO_ACCOUNT = {
  accountSid: `AC${'5a'.repeat(16)}`,
  authToken: 'sandbox-twilio-token',
} as const;

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
export async function twilioRoutes(app: FastifyInstance, context: Context): Promise<void> {
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
    const take = (): Answer => {
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
      return { status: 201, body: messageOf(entry) };
    };
    return perform(context, reply, { channel, recipient: number }, take, refusal);
  });

  app.get<{ Querystring: { To?: string; From?: string } }>(`${BASE}/Messages.json`, async (request) => {
    const { To: to = '', From: from } = request.query;
    const listed = (taken.get(to) ?? []).filter((entry) => from === undefined || entry.from === from);
    return {
      messages: listed.map(messageOf).reverse(),
      page: 0,
      page_size: 1000,
      start: 0,
      end: listed.length,
      uri: request.url,
      first_page_uri: request.url,
      next_page_uri: null,
      previous_page_uri: null,
    };
  });

  app.post<Form>(`${BASE}/Calls.json`, async (request, reply) => {
    const { To: to = '', From: from = '', Twiml: text = '' } = request.body;
    const take = (): Answer => {
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
