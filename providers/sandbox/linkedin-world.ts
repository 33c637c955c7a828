/** LinkedIn as the sandbox's Unipile sees it: who knows whom, decided by slug and by what was received so far. */
import { createHash, randomUUID } from 'node:crypto';
import { wallNow } from '../../common/clock.ts';
import { type Context, stamp } from './context.ts';
import type { Received } from './record.ts';

const PREFIX = 'ACoAA';
const HOUR = 3_600_000;

/** LinkedIn's internal id of a person; `slugOfId` turns it back. */
export function idOfSlug(slug: string): string {
  return PREFIX + Buffer.from(slug, 'utf8').toString('base64url');
}

export function slugOfId(id: string): string | null {
  return id.startsWith(PREFIX) ? Buffer.from(id.slice(PREFIX.length), 'base64url').toString('utf8') : null;
}

function chatIdOf(accountId: string, slug: string): string {
  return `chat_${createHash('sha256').update(`${accountId} ${slug}`).digest('hex').slice(0, 20)}`;
}

export interface Relation {
  readonly connected: boolean;
  readonly invitation: { readonly id: string; readonly text: string; readonly at: string } | null;
}

/** One message of a chat. `at`: wall clock, ISO. */
export interface ChatMessage {
  readonly id: string;
  readonly chatId: string;
  readonly accountId: string;
  /** The other person. */
  readonly slug: string;
  /** The account wrote it. */
  readonly own: boolean;
  readonly text: string;
  readonly at: string;
}

/** An invitation that was accepted. `at`: wall clock, in ms. */
export interface Accepted {
  readonly accountId: string;
  readonly slug: string;
  readonly at: number;
}

interface Invitation {
  readonly id: string;
  readonly accountId: string;
  readonly slug: string;
  readonly text: string;
  readonly at: string;
  readonly decidedAt: number;
}

export class LinkedinWorld {
  readonly #context: Context;
  readonly #invitations = new Map<string, Invitation>();
  readonly #connected = new Set<string>();
  readonly #accepted = new Map<string, Accepted>();
  readonly #messages: ChatMessage[] = [];

  constructor(context: Context, past: readonly Received[]) {
    this.#context = context;
    for (const each of past) if (each.provider === 'unipile') this.took(each);
  }

  /** What an action changes in the world. Answers the message that it was, if it was one. */
  took(entry: Received): ChatMessage | null {
    if (entry.action === 'invite') {
      const at = Date.parse(entry.businessAt ?? entry.at);
      const { acceptShare, acceptAfterHours } = this.#context.conduct.now.linkedin;
      const accepts = share(entry.to) < acceptShare;
      this.#invitations.set(`${entry.from} ${entry.to}`, {
        id: entry.providerId,
        accountId: entry.from,
        slug: entry.to,
        text: entry.text,
        at: entry.at,
        decidedAt: accepts ? at + acceptAfterHours * HOUR : Infinity,
      });
    }
    if (entry.action !== 'message') return null;
    return this.#add(entry.from, entry.to, {
      id: entry.providerId,
      own: true,
      text: entry.text,
      at: entry.at,
    });
  }

  /** A person writes to an account. */
  said(accountId: string, slug: string, text: string): ChatMessage {
    const { at } = stamp(this.#context);
    return this.#add(accountId, slug, { id: `message_${randomUUID()}`, own: false, text, at });
  }

  #add(
    accountId: string,
    slug: string,
    message: Pick<ChatMessage, 'id' | 'own' | 'text' | 'at'>,
  ): ChatMessage {
    const whole = { ...message, accountId, slug, chatId: chatIdOf(accountId, slug) };
    this.#messages.push(whole);
    return whole;
  }

  connect(slug: string): void {
    this.#connected.add(slug);
  }

  exists(slug: string): boolean {
    return !new RegExp(this.#context.conduct.now.linkedin.unknown, 'i').test(slug);
  }

  relation(accountId: string, slug: string): Relation {
    const invitation = this.#invitations.get(`${accountId} ${slug}`) ?? null;
    const now = this.#context.businessNow() ?? wallNow();
    const connected =
      this.#connected.has(slug) ||
      new RegExp(this.#context.conduct.now.linkedin.connected, 'i').test(slug) ||
      (invitation !== null && invitation.decidedAt <= now);
    return { connected, invitation: connected ? null : invitation };
  }

  /** Who has accepted since it was last asked. */
  newlyAccepted(): Accepted[] {
    const fresh: Accepted[] = [];
    for (const [key, { accountId, slug }] of this.#invitations) {
      if (this.#accepted.has(key) || !this.relation(accountId, slug).connected) continue;
      const accepted = { accountId, slug, at: wallNow() };
      this.#accepted.set(key, accepted);
      fresh.push(accepted);
    }
    return fresh;
  }

  /** Who accepted an invitation of this account, the latest first. */
  accepted(accountId: string): Accepted[] {
    return [...this.#accepted.values()].filter((each) => each.accountId === accountId).toReversed();
  }

  /** Invitations that wait for an answer. */
  pending(accountId: string): Invitation[] {
    return [...this.#invitations.values()].filter(
      (each) => each.accountId === accountId && !this.relation(accountId, each.slug).connected,
    );
  }

  /** Every message of an account, or of one chat, the latest first. */
  messages(of: { readonly accountId: string } | { readonly chatId: string }): ChatMessage[] {
    return this.#messages
      .filter((each) => ('chatId' in of ? each.chatId === of.chatId : each.accountId === of.accountId))
      .toReversed();
  }

  /** The chat with a person, when there is one. */
  chatWith(accountId: string, slug: string): string | null {
    const id = chatIdOf(accountId, slug);
    return this.#messages.some((each) => each.chatId === id) ? id : null;
  }
}

/** A number in [0, 1), always the same for a slug. */
function share(slug: string): number {
  return createHash('sha256').update(slug).digest().readUInt32BE(0) / 2 ** 32;
}
