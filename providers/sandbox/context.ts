/** What the sandbox's providers share. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { wallNow } from '../../common/clock.ts';
import type { Conduct, Rule } from './behaviour.ts';
import type { Hooks } from './hooks.ts';
import type { CallbackReceived, Journal, Received } from './record.ts';

export interface Context {
  readonly conduct: Conduct;
  readonly received: Journal<Received>;
  readonly callbacks: Journal<CallbackReceived>;
  readonly hooks: Hooks;
  /** Business time in UTC ms; null: not known. */
  businessNow(): number | null;
  /** Aborted when the sandbox closes: nothing waits any longer. */
  readonly closing: AbortSignal;
}

/** `at` and `businessAt` for an entry. */
export function stamp(context: Context): { at: string; businessAt: string | null } {
  const business = context.businessNow();
  return {
    at: new Date(wallNow()).toISOString(),
    businessAt: business === null ? null : new Date(business).toISOString(),
  };
}

/** Waits, but not beyond the sandbox's own end. */
export async function pause(context: Context, ms: number): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal: context.closing }).catch(() => {});
}

/** An answer of an HTTP provider. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Runs one action through the rules: `take` records it and gives the answer, `refusal` gives the provider's error for a rule. Tells Fastify
 * itself when there is to be no answer.
 */
export async function perform(
  context: Context,
  reply: FastifyReply,
  target: { channel: string; recipient: string },
  take: (rule: Rule | null) => Answer,
  refusal: (rule: Rule) => Answer,
): Promise<unknown> {
  const rule = context.conduct.apply(target.channel, target.recipient);
  const { before, after } = context.conduct.latency();
  await pause(context, before);
  if (rule?.do === 'lose') return vanish(reply);
  const answer = rule?.do === 'refuse' || rule?.do === 'reject' ? refusal(rule) : take(rule);
  await pause(context, after);
  if (rule?.do === 'drop') return vanish(reply);
  if (rule?.do === 'hang') return reply.hijack();
  const retryAfter = rule?.retryAfterSeconds;
  return reply
    .code(answer.status)
    .headers({
      ...answer.headers,
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    })
    .send(answer.body);
}

function vanish(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.socket?.destroy();
  return reply;
}
