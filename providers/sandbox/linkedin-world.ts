/** LinkedIn as the sandbox's Unipile sees it: who knows whom, decided by slug and by what was received so far. */
import { createHash } from 'node:crypto';
import { wallNow } from '../../common/clock.ts';
import type { Context } from './context.ts';
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

export class LinkedinWorld {
  readonly #context: Context;
  readonly #invitations = new Map<
    string,
    { id: string; slug: string; text: string; at: string; decidedAt: number }
  >();
  readonly #connected = new Set<string>();
  readonly #chats = new Map<string, { slug: string; accountId: string; messages: Received[] }>();

  constructor(context: Context, past: readonly Received[]) {
    this.#context = context;
    for (const each of past) if (each.provider === 'unipile') this.took(each);
  }

  /** What an action changes in the world. */
  took(entry: Received): void {
    const key = `${entry.from} ${entry.to}`;
    if (entry.action === 'invite') {
      const at = Date.parse(entry.businessAt ?? entry.at);
      const { acceptShare, acceptAfterHours } = this.#context.conduct.now.linkedin;
      const accepts = share(entry.to) < acceptShare;
      this.#invitations.set(key, {
        id: entry.providerId,
        slug: entry.to,
        text: entry.text,
        at: entry.at,
        decidedAt: accepts ? at + acceptAfterHours * HOUR : Infinity,
      });
    }
    if (entry.action === 'message') {
      const id = chatIdOf(entry.from, entry.to);
      const chat = this.#chats.get(id) ?? { slug: entry.to, accountId: entry.from, messages: [] };
      chat.messages.push(entry);
      this.#chats.set(id, chat);
    }
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

  /** Invitations that wait for an answer. */
  pending(accountId: string): { id: string; slug: string; text: string; at: string }[] {
    return [...this.#invitations.entries()]
      .filter(
        ([key, each]) => key.startsWith(`${accountId} `) && !this.relation(accountId, each.slug).connected,
      )
      .map(([, each]) => each);
  }

  chat(id: string): { slug: string; accountId: string; messages: readonly Received[] } | null {
    return this.#chats.get(id) ?? null;
  }

  /** The chat with a person, when there is one. */
  chatWith(accountId: string, slug: string): string | null {
    const id = chatIdOf(accountId, slug);
    return this.#chats.has(id) ? id : null;
  }
}

/** A number in [0, 1), always the same for a slug. */
function share(slug: string): number {
  return createHash('sha256').update(slug).digest().readUInt32BE(0) / 2 ** 32;
}
