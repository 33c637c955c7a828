import { useTranslation } from 'react-i18next';
import type { Answer } from '../api/client.ts';
import { day, moment } from '../ui/time.ts';
import { useReason, useWord } from './words.ts';

type Facts = Answer<'leads.why'>;
type Block = Facts['blocks'][number];

/** What a pause is said to be for when nobody said why. */
const BY_HAND = 'paused by hand';

/** The whole of it in plain words, as the server's own sentence in English: who is where, what stands in the way, what is next. */
export function useSentence(): (why: Facts) => string {
  const { t } = useTranslation(['why', 'common']);
  const reason = useReason();
  const block = useBlock();
  const next = useNext();
  return ({ lead, enrollment, blocks, next: then, timeZone, handed }) => {
    const when = (at: string) => t('when', { moment: moment(at, timeZone), zone: timeZone });
    const name = lead.name || lead.email || t('theLead');
    const tell = (): readonly string[] => {
      const further = blocks.map((one) => block(one, name, when));
      if (!enrollment) return [t('none', { name }), ...further];
      const { sequence, status, step, endedAt } = enrollment;
      if (status === 'pending') return [t('pending', { name, sequence }), ...further];
      if (status === 'finished' || status === 'stopped') {
        const ended = endedAt
          ? t(`${status}At`, { name, sequence, when: when(endedAt) })
          : t(status, { name, sequence });
        return [ended, reason(enrollment.reason), ...further];
      }
      const where = step ? t('at', { name, sequence, step }) : t('in', { name, sequence });
      const paused = blocks.some(({ kind }) => kind === 'paused' || kind === 'on_leave');
      if (!then) return [where, ...further, further.length === 0 ? t('woken') : t('over')];
      const what = next(then);
      return [
        where,
        ...further,
        paused ? t('afterPause', { what }) : t('next', { what, when: when(then.at) }),
      ];
    };
    const owner =
      handed &&
      (handed.from && handed.to
        ? t('handed', { from: handed.from, to: handed.to, when: when(handed.at) })
        : t('handedOn', { when: when(handed.at) }));
    return [...tell(), ...(owner ? [owner] : [])].join(' ');
  };
}

function useBlock(): (block: Block, name: string, when: (at: string) => string) => string {
  const { t, i18n } = useTranslation(['why', 'common']);
  const reason = useReason();
  const channelName = (channel: string) =>
    i18n.exists(`common:channel.${channel}`) ? t(`common:channel.${channel as 'email'}`) : channel;
  return ({ kind, subject, leave, about = {} }, name, when) => {
    switch (kind) {
      case 'paused':
        return t(`paused.${subject as 'all'}`, {
          reason: about.reason === BY_HAND ? t('byHand') : (about.reason ?? ''),
        });
      case 'on_leave':
        return t('block.on_leave', { name: leave?.name, until: leave && day(leave.to, 'UTC') });
      case 'suppressed': {
        const channels = subject === 'all' ? t('anyChannel') : subject.split(',').map(channelName).join(', ');
        return t('block.suppressed', { name, channels });
      }
      case 'held':
        return t('block.held', { why: reason(about.reason ?? '') });
      case 'broken_sender':
        return about.reason
          ? t('brokenWhy', { name: about.name, reason: about.reason.replaceAll('_', ' ') })
          : t('block.broken_sender', { name: about.name });
      case 'task': {
        const { title, assignee, dueAt } = about;
        const due = dueAt ? when(dueAt) : '';
        return assignee
          ? t('block.task', { title, assignee, when: due })
          : t('block.freeTask', { title, when: due });
      }
      case 'capacity':
        return reason('waits_for_capacity');
      case 'sending':
      case 'unconfirmed':
        return t(`block.${kind}`, { step: about.step, channel: channelName(about.channel ?? '') });
      case 'launch_stopped':
        return t('block.launch_stopped');
    }
  };
}

function useNext(): (next: NonNullable<Facts['next']>) => string {
  const { t, i18n } = useTranslation(['why', 'common']);
  const word = useWord();
  return ({ action, step }) => {
    if (!step) return word(action ?? 'next_step');
    if (step.kind !== 'touch' || step.channel === null) return t(`does.${step.kind}`);
    const channel = i18n.exists(`common:channel.${step.channel}`)
      ? t(`common:channel.${step.channel as 'email'}`)
      : step.channel === 'preferred'
        ? t('preferred')
        : step.channel;
    return step.action === null || step.action === step.channel || step.action === 'preferred'
      ? channel
      : `${channel} ${word(step.action).toLocaleLowerCase(i18n.language)}`;
  };
}
