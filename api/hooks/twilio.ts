import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import twilio from 'twilio';
import { twilioMessage } from '../../activities/inbound/arrivals.ts';
import type { NewInbound } from '../../db/inbound.ts';
import { senderOf, type HookDeps } from './deps.ts';

type Hook = FastifyRequest<{ Params: { sender: string } }>;

/** Nothing is said back to whoever wrote (twilio.com/docs/messaging/twiml). */
const NO_REPLY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>';

/** Messages that come in, what became of ours, and how calls ended; signed by Twilio with the account's auth token (twilio.com/docs/usage/security). */
export function twilioHooks(app: FastifyInstance, deps: HookDeps): void {
  const take = async (
    request: Hook,
    reply: FastifyReply,
    arrivedOf: (parameters: Record<string, string>, query: URLSearchParams) => NewInbound | null,
  ) => {
    const sender = await senderOf(deps, request.params.sender, 'twilio');
    if (!sender) return reply.code(404).send();
    const token = sender.credentials.authToken;
    const signature = request.headers['x-twilio-signature'];
    const body = typeof request.body === 'string' ? request.body : '';
    const parameters = Object.fromEntries(new URLSearchParams(body));
    // As Twilio saw the address, whatever a proxy made of it.
    const url = `${deps.publicUrl}${request.raw.url}`;
    const genuine =
      token !== undefined &&
      typeof signature === 'string' &&
      parameters.AccountSid === sender.credentials.accountSid &&
      twilio.validateRequest(token, signature, url, parameters);
    if (!genuine) return reply.code(403).send();
    const arrived = arrivedOf(parameters, new URL(url).searchParams);
    if (!arrived) return reply.code(400).send();
    await deps.store({ ...arrived, senderId: sender.id });
    return reply.type('text/xml; charset=utf-8').send(NO_REPLY);
  };

  app.post('/twilio/:sender/messages', (request: Hook, reply) =>
    take(request, reply, (parameters) => twilioMessage(parameters)),
  );
  app.post('/twilio/:sender/status', (request: Hook, reply) =>
    take(request, reply, (parameters, query) => {
      const { MessageSid, MessageStatus } = parameters;
      if (!MessageSid || !MessageStatus) return null;
      const touch = query.get('touch');
      return {
        source: 'twilio',
        kind: 'status',
        dedupeKey: `twilio:${MessageSid}:${MessageStatus}`,
        payload: { ...parameters, ...(touch !== null && { touch }) },
      };
    }),
  );
  app.post('/twilio/:sender/call', (request: Hook, reply) =>
    take(request, reply, (parameters, query) => {
      const { CallSid, CallStatus } = parameters;
      if (!CallSid || !CallStatus) return null;
      return {
        source: 'twilio',
        kind: 'call',
        dedupeKey: `twilio:call:${CallSid}:${CallStatus}`,
        payload: { ...parameters, ...Object.fromEntries(query) },
      };
    }),
  );
}
