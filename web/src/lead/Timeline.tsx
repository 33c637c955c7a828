import { Text } from '@mantine/core';
import { IconArrowsSplit, IconBolt, IconChecklist, IconEye, IconSend, type Icon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../api/client.ts';
import { Channel } from '../ui/Channel.tsx';
import { Instant } from '../ui/Instant.tsx';
import classes from './Timeline.module.css';
import { useWord } from './words.ts';

type Entry = Answer<'leads.timeline'>['entries'][number];

const ICONS = {
  touch: IconSend,
  event: IconBolt,
  decision: IconArrowsSplit,
  task: IconChecklist,
  hit: IconEye,
} as const satisfies Readonly<Record<Entry['what'], Icon>>;

/** Everything that happened to a lead and what is booked, the newest first. */
export function Timeline({ timeline }: { timeline: Answer<'leads.timeline'> }) {
  const { t } = useTranslation('lead');
  if (timeline.entries.length === 0) return <Text c="dimmed">{t('timeline.empty')}</Text>;
  return (
    <>
      <ol className={classes.list} aria-label={t('timeline.title')}>
        {timeline.entries.toReversed().map((entry) => (
          <Line key={`${entry.what}${entry.id}${entry.state}`} entry={entry} zone={timeline.timeZone} />
        ))}
      </ol>
      {timeline.truncated && (
        <Text size="xs" c="dimmed" mt="xs">
          {t('timeline.truncated')}
        </Text>
      )}
    </>
  );
}

function Line({ entry, zone }: { entry: Entry; zone: string }) {
  const { t } = useTranslation('lead');
  const word = useWord();
  const Picture = ICONS[entry.what];
  const why = [entry.reason && word(entry.reason), entry.what === 'task' ? null : entry.detail]
    .filter(Boolean)
    .join(': ');
  return (
    <li className={classes.entry} data-state={entry.state}>
      <span className={classes.icon} title={t(`timeline.what.${entry.what}`)}>
        {entry.channel ? (
          <Channel channel={entry.channel} bare />
        ) : (
          <Picture size={16} stroke={1.6} aria-hidden />
        )}
      </span>
      <div className={classes.text}>
        <div>
          <b>{word(entry.action && entry.what !== 'event' ? entry.action : entry.state)}</b>
          {entry.action && entry.what !== 'event' && (
            <span className={classes.state}>{word(entry.state)}</span>
          )}
        </div>
        {why && (
          <Text size="sm" c="dimmed" className={classes.why}>
            <bdi>{why}</bdi>
          </Text>
        )}
        <Text size="xs" c="dimmed">
          {[entry.sequence, entry.step, entry.sender].filter(Boolean).join(' · ')}
        </Text>
      </div>
      <Text size="xs" c="dimmed" className={classes.when}>
        <Instant at={entry.at} zone={zone} />
      </Text>
    </li>
  );
}
