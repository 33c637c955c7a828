import { randomUUID } from 'node:crypto';
import { wallNow } from '../../common/clock.ts';
import type { IdentityHasher, Secrets } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import { CommandRefused } from '../../db/refused.ts';
import {
  beginReply,
  finishReply,
  readAnswered,
  type Answered,
  type Reply,
  type ReplyOutcome,
} from '../../db/replies.ts';
import { loadAccount } from '../../db/senders.ts';
import type { Outgoing, SenderAccount, SendResult } from '../../providers/ports.ts';
import type { Providers } from '../../providers/registry.ts';

export interface ReplyDeps {
  readonly db: Db;
  readonly hashIdentity: IdentityHasher;
  readonly secrets: Pick<Secrets, 'decrypt'>;
  readonly providers: Pick<Providers, 'get'>;
}

export interface ReplyRequest {
  readonly leadId: string;
  readonly text: string;
  /** Which message is answered; default: the lead's newest. */
  readonly messageId?: string;
  readonly channel?: 'email' | 'linkedin' | 'sms' | 'whatsapp';
  /** The same key again sends nothing, and answers what became of the first. */
  readonly key?: string;
  /** Also to somebody who must not be contacted. */
  readonly anyway?: boolean;
}

/** Wall ms that a process has to answer for a reply before its outcome counts as unknown. */
const LEASE_MS = 120_000;
/** What providers take of one message (developer.unipile.com, twilio.com/docs/messaging). */
const LONGEST = { email: 100_000, linkedin: 8000, sms: 1600, whatsapp: 4096 } as const;

/**
 * A rep answers a lead: by the channel and the sender that the lead wrote to, in the same thread, at once. It is a row before the
 * provider is called; what cannot be told afterwards is asked of the provider, and else `unconfirmed`, for a person to settle. It
 * keeps to no window and counts against no cap, being no touch of a sequence.
 * @throws CommandRefused `not_found`, `erased`, `suppressed`, `window_closed`, `bad_text`, `sender_broken`
 */
export async function reply(
  deps: ReplyDeps,
  request: ReplyRequest,
): Promise<Reply & { readonly known: boolean }> {
  const { db, hashIdentity, secrets, providers } = deps;
  const answered = await readAnswered(db, request.leadId, request);
  const body = textOf(request.text, answered);
  if (answered.brokenReason !== null)
    throw new CommandRefused(
      'sender_broken',
      `The sender ${answered.senderAddress} cannot send: ${answered.brokenReason}. Mend it with "senders", then reply again.`,
    );
  const account = await loadAccount(db, answered.senderId, secrets);
  const provider = providers.get(account.channel, account.provider);
  if (provider.mode === 'task')
    throw new CommandRefused(
      'sender_broken',
      `${account.address} has no wire to ${account.channel}: answer there by hand, then say so with "inbox class".`,
    );
  const id = randomUUID();
  const outgoing = outgoingOf(id, answered, body);
  const { reply: begun, known } = await beginReply(db, hashIdentity, {
    id,
    answered,
    subject: outgoing.subject ?? null,
    body,
    messageId: answered.channel === 'email' ? `<${id}@${answered.senderAddress.split('@').at(-1)!}>` : null,
    key: request.key ?? null,
    leaseMs: LEASE_MS,
    anyway: request.anyway ?? false,
  });
  if (known) return { ...begun, known };
  const result = await provider.send(account, outgoing).catch((error: unknown): SendResult => ({
    kind: 'unknown',
    code: 'adapter_failed',
    detail: error instanceof Error ? error.message : String(error),
  }));
  const outcome =
    result.kind === 'unknown' ? await ask(provider, account, outgoing, result) : outcomeOf(result);
  return { ...(await finishReply(db, begun.id, outcome)), known: false };
}

function textOf(text: string, { channel }: Answered): string {
  const body = text.trim();
  if (body === '') throw new CommandRefused('bad_text', 'There is no text to send.');
  if (body.length > LONGEST[channel])
    throw new CommandRefused(
      'bad_text',
      `The text has ${body.length} characters; by ${channel} at most ${LONGEST[channel]} can be sent.`,
    );
  return body;
}

function outgoingOf(id: string, answered: Answered, text: string): Outgoing {
  const { channel, address, leadName, touch, threadId } = answered;
  const base = { touchId: id, to: address, toName: leadName, text, since: new Date(wallNow()) };
  switch (channel) {
    case 'email': {
      const subject = touch?.subject ?? '';
      const thread = [...(touch?.thread ?? []), answered.touchMessageId, answered.providerId];
      return {
        ...base,
        action: 'email',
        subject: /^re:/i.test(subject) ? subject : `Re: ${subject}`.trim(),
        thread: thread.filter((one) => one !== null),
      };
    }
    case 'linkedin':
      return { ...base, action: 'message', providerChatId: threadId };
    case 'sms':
    case 'whatsapp':
      return { ...base, action: channel };
  }
}

function outcomeOf(result: Exclude<SendResult, { kind: 'unknown' }>): ReplyOutcome {
  switch (result.kind) {
    case 'sent':
      return { ...result, state: 'sent' };
    case 'not_connected':
      return { state: 'failed', reason: 'not_connected', detail: 'The lead is no LinkedIn connection.' };
    default:
      return { state: 'failed', reason: result.code, detail: result.detail };
  }
}

/** Whether it went out, as far as the provider can tell. */
async function ask(
  provider: ReturnType<Providers['get']>,
  account: SenderAccount,
  outgoing: Outgoing,
  { code, detail }: Extract<SendResult, { kind: 'unknown' }>,
): Promise<ReplyOutcome> {
  const found = await provider.find(account, outgoing).catch(() => ({ kind: 'cannot_say' as const }));
  switch (found.kind) {
    case 'found':
      return { ...found, state: 'sent' };
    case 'not_found':
      return { state: 'failed', reason: code, detail };
    case 'cannot_say':
      return { state: 'unconfirmed', reason: code, detail };
  }
}
