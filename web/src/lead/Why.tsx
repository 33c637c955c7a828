import { Text } from '@mantine/core';
import { IconAlertTriangle, IconClockHour4 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../api/client.ts';
import { day, moment } from '../ui/time.ts';
import classes from './Why.module.css';
import { useWord } from './words.ts';

type Facts = Answer<'leads.why'>;

/** Why a lead is where it is, in a sentence: what comes next and when, or what stands in the way. */
export function Why({ why }: { why: Facts }) {
  const { t, i18n } = useTranslation('lead');
  const tell = useSentence();
  const blocked = why.blocks.length > 0 || why.enrollment?.held === true;
  const Picture = blocked ? IconAlertTriangle : IconClockHour4;
  return (
    <section className={classes.why} data-blocked={blocked || undefined} aria-label={t('why.title')}>
      <Picture size={18} stroke={1.6} aria-hidden />
      {/* The server writes English; other languages are put together from its facts. */}
      <Text>{i18n.language === 'en' ? why.sentence : tell(why)}</Text>
    </section>
  );
}

function useSentence(): (why: Facts) => string {
  const { t } = useTranslation('lead');
  const word = useWord();
  return ({ enrollment, next, blocks, timeZone }) => {
    const said = blocks.map(({ kind, leave }) =>
      leave
        ? t('why.block.on_leave', { name: leave.name, until: day(leave.to, 'UTC') })
        : t(`why.block.${kind as 'paused'}`),
    );
    if (!enrollment) return [t('why.none'), ...said].join(' ');
    const { sequence, step, reason } = enrollment;
    const parts = [step ? t('why.at', { sequence, step }) : t('why.in', { sequence })];
    if (next)
      parts.push(t('why.next', { what: word(next.action ?? 'next_step'), when: moment(next.at, timeZone) }));
    else parts.push(`${word(reason)}.`);
    return [...parts, ...said].join(' ');
  };
}
