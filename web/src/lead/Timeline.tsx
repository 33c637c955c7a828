import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconArrowsSplit, IconBolt, IconChecklist, IconEye, IconSend, type Icon } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../api/client.ts';
import { Channel } from '../ui/Channel.tsx';
import { Instant } from '../ui/Instant.tsx';
import { Loaded } from '../ui/states.tsx';
import { leadKey, timelineQuery } from './queries.ts';
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

/** Everything that happened to a lead and what is booked, the newest first, a page at a time. */
export function Timeline({ leadId }: { leadId: string }) {
  const { t } = useTranslation('lead');
  const timeline = useInfiniteQuery(timelineQuery(leadId));
  return (
    <Loaded query={timeline} rows={6}>
      {({ pages }) => {
        const entries = onceEach(pages.flatMap((page) => page.entries.toReversed()));
        if (entries.length === 0) return <Text c="dimmed">{t('timeline.empty')}</Text>;
        const { lead, timeZone } = pages[0]!;
        return (
          <>
            {entries.some(({ what, text }) => text !== null && what !== 'task') && (
              <Text size="sm" mb="xs">
                <Anchor renderRoot={(props) => <Link to="/inbox" search={{ lead: leadId }} {...props} />}>
                  {t('timeline.conversation')}
                </Anchor>
              </Text>
            )}
            <ol className={classes.list} aria-label={t('timeline.title')}>
              {entries.map((entry) => (
                <Line
                  key={`${entry.what}${entry.id}${entry.state}`}
                  entry={entry}
                  leadId={leadId}
                  leadName={lead.name || (lead.email ?? '')}
                  zone={timeZone}
                />
              ))}
            </ol>
            {timeline.hasNextPage && (
              <Button
                variant="default"
                size="compact-md"
                mt="xs"
                loading={timeline.isFetchingNextPage}
                onClick={() => void timeline.fetchNextPage()}
              >
                {t('timeline.earlier')}
              </Button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

/** One entry for a call or a task: it says itself what its touch and its outcome would say again. */
function onceEach(entries: readonly Entry[]): readonly Entry[] {
  const touchOf = ({ enrollmentId, step, visit, attempt }: Entry) =>
    [enrollmentId, step, visit, attempt].join();
  const outcomeOf = ({ enrollmentId, step, reason }: Entry) => [enrollmentId, step, reason].join();
  const tasks = entries.filter(({ what }) => what === 'task');
  const touches = new Set(tasks.map(touchOf));
  const outcomes = new Set(tasks.map(outcomeOf));
  return entries.filter((entry) => {
    if (entry.what === 'touch')
      return !(['call', 'task'].includes(entry.channel ?? '') && touches.has(touchOf(entry)));
    return !(entry.what === 'decision' && entry.state === 'outcome' && outcomes.has(outcomeOf(entry)));
  });
}

function Line({
  entry,
  leadId,
  leadName,
  zone,
}: {
  entry: Entry;
  leadId: string;
  leadName: string;
  zone: string;
}) {
  const { t, i18n } = useTranslation('lead');
  const word = useWord();
  const Picture = ICONS[entry.what];
  const detail = useDetail();
  const named = entry.what === 'event' ? null : entry.action;
  // What came of a task is its state.
  const came = entry.what === 'task' ? entry.reason : null;
  const why = begun(
    [!came && entry.reason && word(entry.reason), detail(entry)].filter(Boolean).join(': '),
    i18n.language,
  );
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
          <b>
            <bdi>
              {entry.what === 'task' ? entry.detail || t('timeline.what.task') : word(named ?? entry.state)}
            </bdi>
          </b>
          {(named || entry.what === 'task') && (
            <span className={classes.state}>{word(came ?? entry.state)}</span>
          )}
        </div>
        {why && (
          <Text size="sm" c="dimmed" className={classes.why}>
            <bdi>{why}</bdi>
          </Text>
        )}
        {entry.text !== null && (
          <Said text={entry.text} by={isTheirs(entry) ? leadName : (entry.sender ?? t('timeline.us'))} />
        )}
        {entry.what === 'touch' && entry.state === 'unconfirmed' && (
          <Settle touchId={entry.id} leadId={leadId} />
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

const isTheirs = ({ what, state }: Entry) => what === 'event' && state !== 'answered';
const begun = (sentence: string, language: string) =>
  sentence.charAt(0).toLocaleUpperCase(language) + sentence.slice(1);

const EXCERPT = 160;
/** The server tells no more of a text; the conversation has all of it. */
const TOLD = 1000;

/** Who said what: its beginning, and the rest when it is asked for. */
function Said({ by, text }: { by: string; text: string }) {
  const { t } = useTranslation('lead');
  const [whole, setWhole] = useState(false);
  const line = text.replaceAll(/\s+/g, ' ');
  const excerpt = line.length > EXCERPT ? `${line.slice(0, EXCERPT).trimEnd()}…` : line;
  return (
    <Text size="sm" className={classes.said} component="div">
      <bdi className={classes.by}>{by.replace(/ <.*>$/, '')}</bdi>{' '}
      <bdi className={whole ? classes.whole : undefined}>
        {whole ? `${text}${text.length < TOLD ? '' : '…'}` : excerpt}
      </bdi>{' '}
      {(excerpt !== line || text.includes('\n')) && (
        <Button size="compact-xs" variant="subtle" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {t(whole ? 'timeline.less' : 'timeline.more')}
        </Button>
      )}
    </Text>
  );
}

/** Asks whether a touch went out, where nobody could find out. */
function Settle({ touchId, leadId }: { touchId: string; leadId: string }) {
  const { t } = useTranslation('inbox');
  const client = useQueryClient();
  const settle = useMutation({
    mutationFn: (sent: boolean) => call('touches.settle', { path: { id: touchId }, body: { sent } }),
    onSettled: () => client.invalidateQueries({ queryKey: leadKey(leadId) }),
  });
  return (
    <Group gap="xs" my={4}>
      <Text size="sm">{t('wasItSent')}</Text>
      {[true, false].map((sent) => (
        <Button
          key={String(sent)}
          size="compact-sm"
          variant="default"
          disabled={settle.isPending}
          onClick={() => settle.mutate(sent)}
        >
          {t(sent ? 'wasSent' : 'wasNotSent')}
        </Button>
      ))}
    </Group>
  );
}

/** What the server says beside the reason. Where it is the server's own sentence and not somebody else's words, in the reader's language. */
function useDetail(): (entry: Entry) => string | null {
  const { t } = useTranslation('lead');
  const word = useWord();
  return ({ what, state, detail }) => {
    if (what === 'task' || detail === null) return null;
    if (what === 'hit') {
      const [, why = '', count] = /^(.*?)(?:, (\d+) times)?$/.exec(detail)!;
      return [word(why.replaceAll(' ', '_')), count && t('timeline.times', { count: Number(count) })]
        .filter(Boolean)
        .join(', ');
    }
    const handed = state === 'handed_over' ? /^from (.+) to (.+)$/.exec(detail) : null;
    return handed ? t('timeline.handed', { from: handed[1], to: handed[2] }) : detail;
  };
}
