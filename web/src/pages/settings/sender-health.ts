/** What is to be thought of a sender, from what it says and what it did on its last days. */
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import type { Tone } from '../../ui/Badge.tsx';

export type Sender = Answer<'senders.list'>['items'][number];
export type SenderDays = Answer<'senders.days'>['items'][number];
type Pause = Answer<'pauses.list'>['items'][number];

/** From how many bad attempts on, and in which part of all, they are more than chance. */
const FAILING = { count: 3, part: 0.1 };
const BOUNCING = 3;
/** Full on so many of its days, it holds leads up. */
const FULL_DAYS = 3;

/** What happened in all of the days. */
export function totalOf({ days }: SenderDays) {
  const sum = (key: 'used' | 'bounced' | 'complained' | 'failed') =>
    days.reduce((total, day) => total + day[key], 0);
  return { used: sum('used'), bounced: sum('bounced'), complained: sum('complained'), failed: sum('failed') };
}

/** What it may do a day, all of its actions together; null: one of them is not limited. */
export function dayLimit({ caps }: Sender): number | null {
  const limits = Object.values(caps).map(({ day }) => day ?? null);
  return limits.length === 0 || limits.includes(null)
    ? null
    : limits.reduce<number>((sum, limit) => sum + limit!, 0);
}

export interface Health {
  readonly tone: Tone;
  readonly word: string;
  /** Why, and what to do; null: there is nothing to be done. */
  readonly why: string | null;
}

/** The worst that is to be said of a sender: one word, and one sentence with what to do. */
export function useHealth(): (
  sender: Sender,
  days: SenderDays | undefined,
  pause: Pause | undefined,
) => Health {
  const { t } = useTranslation('settings');
  return (sender, days, pause) => {
    if (sender.brokenReason)
      return {
        tone: 'bad',
        word: t('senders.broken'),
        why: t('senders.why.broken', { reason: sentence(sender.brokenReason) }),
      };
    if (sender.mailboxError)
      return {
        tone: 'warn',
        word: t('senders.unread'),
        why: t('senders.why.unread', { reason: sentence(sender.mailboxError) }),
      };
    if (sender.paused)
      return {
        tone: 'warn',
        word: t('senders.paused'),
        why: pause?.reason
          ? t('senders.why.pausedFor', { reason: sentence(pause.reason) })
          : t('senders.why.paused'),
      };
    const good: Health = { tone: 'good', word: t('senders.healthy'), why: null };
    if (!days) return good;
    const { used, bounced, complained, failed } = totalOf(days);
    const messages = Math.max(used, bounced);
    if (bounced >= BOUNCING && bounced * 100 >= (messages * days.bouncedPercent) / 2)
      return {
        tone: 'warn',
        word: t('senders.bouncing'),
        why: t('senders.why.bouncing', {
          count: bounced,
          of: messages,
          rate: bounced / messages,
          limit: days.bouncedPercent / 100,
        }),
      };
    if (complained > 0)
      return {
        tone: 'warn',
        word: t('senders.complained'),
        why: t('senders.why.complained', { count: complained }),
      };
    if (failed >= FAILING.count && failed >= (used + failed) * FAILING.part)
      return {
        tone: 'warn',
        word: t('senders.failing'),
        why: t('senders.why.failing', { count: failed, of: used + failed }),
      };
    const limit = dayLimit(sender);
    // Today is not over.
    const full = limit === null ? 0 : days.days.slice(0, -1).filter((day) => day.used >= limit).length;
    if (full >= FULL_DAYS)
      return { tone: 'accent', word: t('senders.full'), why: t('senders.why.full', { count: full, limit }) };
    return good;
  };
}

/** What somebody else said, as the end of a sentence of ours. */
const sentence = (text: string): string => text.trim().replace(/[.\s]+$/, '');
