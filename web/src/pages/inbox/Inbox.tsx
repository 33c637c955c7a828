import { Button, Group, SegmentedControl, Select, Text } from '@mantine/core';
import { IconInbox } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { countOff } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { useKeys } from '../../ui/keys.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';
import { CHANNELS } from '../../ui/channels.ts';
import { CLASSES, TONES } from './classes.ts';
import { Conversation } from './Conversation.tsx';
import { useNarrow } from '../../ui/narrow.ts';
import classes from './Inbox.module.css';
import { Unmatched } from './Unmatched.tsx';

type Listed = Answer<'inbox.list'>['items'][number];

/** Every conversation on every channel; the next one by a key. */
export function Inbox() {
  const { t } = useTranslation(['inbox', 'common']);
  const search = useSearch({ from: '/frame/inbox' });
  const navigate = useNavigate();
  const state = search.state === 'all' ? 'all' : 'open';
  const channel = CHANNELS.find((one) => one === search.channel);
  const as = CLASSES.find((one) => one === search.class);
  const change = (changes: Partial<typeof search>) =>
    void navigate({
      to: '/inbox',
      search: Object.fromEntries(
        Object.entries({ ...search, ...changes }).filter(([, value]) => value),
      ) as typeof search,
      replace: true,
      // The list scrolls to what is chosen in it.
      resetScroll: false,
    });
  const inbox = useInfiniteQuery({
    queryKey: ['inbox', 'list', state, channel, as],
    queryFn: ({ pageParam, signal }) =>
      call(
        'inbox.list',
        {
          query: {
            state,
            limit: 50,
            ...(channel && { channel }),
            ...(as && { class: as }),
            ...(pageParam && { cursor: pageParam }),
          },
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
  // Done a moment ago: gone at once, and heard of by the server when it cannot be undone any more.
  const [finished, setFinished] = useState<ReadonlySet<string>>(new Set());
  const items = (inbox.data?.pages.flatMap((page) => page.items) ?? []).filter(
    ({ id }) => state === 'all' || !finished.has(id),
  );
  const keyOf = (one: Listed) => one.leadId ?? one.id;
  const chosen = items.find((one) => keyOf(one) === search.lead);
  // A lead of the address is shown, also when nothing of it waits any more.
  const lead = chosen ? chosen.leadId : (search.lead ?? items[0]?.leadId ?? null);
  const current = chosen ?? (search.lead ? undefined : items[0]);
  // One that was answered leaves the list while it is still read: the next is then the one in its place.
  const place = useRef({ lead, at: -1 });
  if (current) place.current = { lead, at: items.indexOf(current) };
  const go = (by: number) => {
    const at = place.current.lead === lead ? place.current.at : -1;
    const to = current || by < 0 ? at + by : Math.max(at, 0);
    const next = items[Math.min(Math.max(to, 0), items.length - 1)];
    if (next) change({ lead: keyOf(next) });
  };
  const narrow = useNarrow();
  useKeys({ j: () => go(1), k: () => go(-1) });
  return (
    <Page
      full
      over={search.lead !== undefined}
      title={t('title')}
      bar={
        <Group gap="xs" wrap="nowrap">
          <SegmentedControl
            size="xs"
            flex="none"
            aria-label={t('state.title')}
            value={state}
            onChange={(value) => change({ state: value === 'all' ? 'all' : undefined, lead: undefined })}
            data={(['open', 'all'] as const).map((value) => ({ value, label: t(`state.${value}`) }))}
          />
          <Select
            size="xs"
            flex="0 1 150px"
            miw={70}
            aria-label={t('class.title')}
            value={as ?? ''}
            onChange={(value) => change({ class: value || undefined, lead: undefined })}
            data={[
              { value: '', label: t('class.all') },
              ...CLASSES.map((value) => ({ value, label: t(`class.${value}`) })),
            ]}
          />
          <Select
            size="xs"
            flex="0 1 140px"
            miw={70}
            aria-label={t('channel')}
            value={channel ?? ''}
            onChange={(value) => change({ channel: value || undefined, lead: undefined })}
            data={[
              { value: '', label: t('everyChannel') },
              ...CHANNELS.map((value) => ({ value, label: t(`common:channel.${value}`) })),
            ]}
          />
        </Group>
      }
    >
      {inbox.isPending ? (
        <Loading />
      ) : inbox.isLoadingError ? (
        <Failed error={inbox.error} retry={() => void inbox.refetch()} />
      ) : items.length === 0 && !lead ? (
        <Empty
          icon={IconInbox}
          title={t(state === 'open' ? 'empty' : 'nothing')}
          text={t(state === 'open' ? 'emptyText' : 'nothingText')}
          action={
            state === 'open' && (
              <Button variant="default" onClick={() => change({ state: 'all' })}>
                {t('state.all')}
              </Button>
            )
          }
        />
      ) : (
        <div className={classes.desk} data-chosen={search.lead !== undefined || undefined}>
          <ol className={classes.list} aria-label={t('list')}>
            {items.map((one) => (
              <Row
                key={one.id}
                one={one}
                current={one === current}
                onChoose={() => change({ lead: keyOf(one) })}
              />
            ))}
            {inbox.hasNextPage && (
              <li>
                <Button
                  variant="subtle"
                  fullWidth
                  loading={inbox.isFetchingNextPage}
                  onClick={() => void inbox.fetchNextPage()}
                >
                  {t('common:list.loadMore')}
                </Button>
              </li>
            )}
          </ol>
          {lead ? (
            <Conversation
              key={lead}
              leadId={lead}
              shown={!narrow || search.lead !== undefined}
              onBack={() => change({ lead: undefined })}
              onSend={() => change({ lead })}
              onFinish={() => {
                const at = current ? items.indexOf(current) : -1;
                const next = items[at + 1] ?? (state === 'open' ? items[at - 1] : current);
                if (current) setFinished((before) => new Set([...before, current.id]));
                change({ lead: next && keyOf(next) });
                return countOff('waiting', current?.waiting ?? 0);
              }}
              onUndo={() => {
                if (current) setFinished((before) => new Set([...before].filter((id) => id !== current.id)));
                // Not when sending failed while they were elsewhere.
                if (location.pathname === '/inbox') change({ lead });
              }}
            />
          ) : (
            current && (
              <Unmatched key={current.id} message={current} onBack={() => change({ lead: undefined })} />
            )
          )}
        </div>
      )}
    </Page>
  );
}

function Row({ one, current, onChoose }: { one: Listed; current: boolean; onChoose: () => void }) {
  const { t } = useTranslation('inbox');
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <li>
      <button
        ref={row}
        type="button"
        className={classes.row}
        onClick={onChoose}
        {...(current && { 'aria-current': true })}
      >
        <Channel channel={one.channel} bare />
        <span className={classes.text}>
          <span className={classes.top}>
            <Text span fw={one.settled ? 400 : 600} truncate>
              <bdi>{one.name ?? one.address ?? t('unknown')}</bdi>
            </Text>
            <Text span size="xs" c="dimmed">
              <Instant at={one.at} />
            </Text>
          </span>
          <Text span size="sm" c="dimmed" className={classes.excerpt}>
            <bdi>{one.body}</bdi>
          </Text>
          <span className={classes.tags}>
            <Badge tone={TONES[one.class]}>{t(`class.${one.class}`)}</Badge>
            {one.leadId === null && <Badge tone="warn">{t('whose')}</Badge>}
            {one.unconfirmed && <Badge tone="bad">{t('unconfirmed')}</Badge>}
          </span>
        </span>
      </button>
    </li>
  );
}
