import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { Page } from '../../ui/Page.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';
import { useControls, usePauses } from './controls.ts';
import { LaunchBar } from './LaunchBar.tsx';
import classes from './Launches.module.css';
import { PauseDialog, PauseMenu, PauseStory, useSequences, type ToPause } from './Pause.tsx';

type Launch = Answer<'launches.list'>['items'][number];

const STATES = ['active', 'held', 'paused', 'finished', 'stopped'] as const;

/** What was launched and how it goes; pausing and resuming at every level. */
export function Launches() {
  const { t } = useTranslation(['launches', 'common']);
  const search = useSearch({ from: '/frame/launches' });
  const me = useMe();
  const [pausing, setPausing] = useState<ToPause | null>(null);
  const status = STATES.find((one) => one === search.status);
  const createdBy = search.by === 'me' ? me.id : search.by;
  const filter = {
    ...(status && { status }),
    ...(search.sequence && { sequence: search.sequence }),
    ...(createdBy && { createdBy }),
  };
  const launches = useInfiniteQuery({
    queryKey: ['launches', 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      call(
        'launches.list',
        { query: { limit: 50, ...filter, ...(pageParam && { cursor: pageParam }) } },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    refetchInterval: 10_000,
  });
  const rows = launches.data?.pages.flatMap((page) => page.items) ?? [];
  const create = <Button renderRoot={(props) => <Link to="/launches/new" {...props} />}>{t('new')}</Button>;
  const filtered = Object.keys(filter).length > 0;
  return (
    <Page
      title={t('title')}
      actions={
        <>
          <PauseMenu onChoose={setPausing} />
          {create}
        </>
      }
      bar={<Filters />}
    >
      <Stack>
        <Pauses />
        {launches.isPending ? (
          <Loading />
        ) : launches.isError ? (
          <Failed error={launches.error} retry={() => void launches.refetch()} />
        ) : rows.length === 0 && filtered ? (
          <Empty
            icon={IconSend}
            title={t('nothingFound')}
            action={
              <Button
                variant="default"
                renderRoot={(props) => <Link to="/launches" search={{}} {...props} />}
              >
                {t('common:action.clear')}
              </Button>
            }
          />
        ) : rows.length === 0 ? (
          <Empty icon={IconSend} title={t('empty')} text={t('emptyText')} action={create} />
        ) : (
          <List rows={rows} onPause={setPausing} />
        )}
        {launches.hasNextPage && (
          <Button
            variant="subtle"
            loading={launches.isFetchingNextPage}
            onClick={() => void launches.fetchNextPage()}
          >
            {t('common:list.loadMore')}
          </Button>
        )}
      </Stack>
      <PauseDialog what={pausing} onClose={() => setPausing(null)} />
    </Page>
  );
}

/** State, sequence and whose, in the address. */
function Filters() {
  const { t } = useTranslation('launches');
  const search = useSearch({ from: '/frame/launches' });
  const navigate = useNavigate();
  const me = useMe();
  const sequences = useSequences();
  const people = useQuery({
    queryKey: ['colleagues'],
    queryFn: ({ signal }) => call('users.colleagues', undefined, { signal }),
  }).data?.items;
  const choose = (
    name: 'status' | 'sequence' | 'by',
    all: string,
    data: { value: string; label: string }[],
  ) => (
    <Select
      aria-label={t(`filter.${name}`)}
      className={classes.filter!}
      value={search[name] ?? ''}
      onChange={(value) =>
        void navigate({
          to: '/launches',
          search: { ...search, [name]: value || undefined } as typeof search,
          replace: true,
        })
      }
      searchable={data.length > 8}
      data={[{ value: '', label: all }, ...data]}
    />
  );
  return (
    <div className={classes.filters}>
      {choose(
        'status',
        t('filter.anyState'),
        STATES.map((value) => ({ value, label: t(`filter.is.${value}`) })),
      )}
      {choose(
        'sequence',
        t('filter.anySequence'),
        sequences.map(({ name, title }) => ({ value: name, label: title })),
      )}
      {choose('by', t('filter.anybody'), [
        { value: 'me', label: t('filter.mine') },
        ...(people ?? [])
          .filter(({ id }) => id !== me.id)
          .map(({ id, name }) => ({ value: id, label: name })),
      ])}
    </div>
  );
}

/** What is paused: why, by whom and since when. */
function Pauses() {
  const { t } = useTranslation('launches');
  const { resume } = useControls();
  const active = usePauses().data?.items ?? [];
  if (active.length === 0) return null;
  return (
    <Notice tone="warn" title={t('pausesTitle', { count: active.length })}>
      <Stack gap={6}>
        {active.map((one) => (
          <Group key={one.id} gap="sm" justify="space-between" wrap="nowrap">
            <Text size="sm">
              <b>{t(`scope.${one.scope}`)}</b> {one.scope !== 'all' && <bdi>{one.name}</bdi>} ·{' '}
              <PauseStory of={one} />
            </Text>
            <Button
              className={classes.resume!}
              size="compact-sm"
              variant="default"
              loading={resume.isPending && resume.variables.id === one.scopeId}
              onClick={() => resume.mutate({ scope: one.scope, id: one.scopeId })}
            >
              {t('resume')}
            </Button>
          </Group>
        ))}
      </Stack>
    </Notice>
  );
}

function List({ rows, onPause }: { rows: readonly Launch[]; onPause: (what: ToPause) => void }) {
  const { t } = useTranslation('launches');
  const { resume } = useControls();
  return (
    <Card flush>
      <Rows
        label={t('title')}
        rows={rows}
        rowKey={({ id }) => id}
        columns={[
          { key: 'name', header: t('column.name'), render: (launch) => <Name launch={launch} /> },
          { key: 'state', header: t('column.state'), render: (launch) => <LaunchState launch={launch} /> },
          {
            key: 'leads',
            header: t('column.leads'),
            numeric: true,
            wide: true,
            render: ({ counts }) => t('number', { value: sum(Object.values(counts)) }),
          },
          {
            key: 'bar',
            header: t('column.progress'),
            wide: true,
            render: ({ counts }) => <LaunchBar counts={counts} slim />,
          },
          {
            key: 'answered',
            header: t('column.answered'),
            numeric: true,
            render: ({ answered }) => t('number', { value: answered }),
          },
          { key: 'next', header: t('column.next'), wide: true, render: (launch) => <Next launch={launch} /> },
          {
            key: 'at',
            header: t('column.created'),
            wide: true,
            render: (launch) => (
              <Stack gap={0}>
                <Instant at={launch.createdAt} />
                <Text span size="xs" c="dimmed">
                  {launch.createdByName}
                </Text>
              </Stack>
            ),
          },
          {
            key: 'act',
            header: '',
            numeric: true,
            render: ({ id, name, status, paused }) =>
              status === 'running' && (
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={resume.isPending && resume.variables.id === id}
                  onClick={() =>
                    paused === 'launch'
                      ? resume.mutate({ scope: 'launch', id })
                      : onPause({ scope: 'launch', id, name })
                  }
                >
                  {t(paused === 'launch' ? 'resume' : 'pause')}
                </Button>
              ),
          },
        ]}
      />
    </Card>
  );
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

/** When the next of its leads moves, and at which step. */
export function Next({ launch: { next, paused } }: { launch: Pick<Launch, 'next' | 'paused'> }) {
  if (!next || paused) return '–';
  return (
    <Stack gap={0}>
      <Instant at={next.at} />
      {next.step && (
        <Text span size="xs" c="dimmed">
          {next.step}
        </Text>
      )}
    </Stack>
  );
}

function Name({ launch }: { launch: Launch }) {
  const { t } = useTranslation('launches');
  return (
    <Stack gap={0}>
      <Link to="/launches/$id" params={{ id: launch.id }} style={{ color: 'inherit', fontWeight: 500 }}>
        <bdi>{launch.name}</bdi>
      </Link>
      <Text span size="xs" c="dimmed">
        {launch.sequence} · {t('version', { version: launch.version })}
      </Text>
    </Stack>
  );
}

/** In a word. */
export function LaunchState({
  launch,
}: {
  launch: Pick<Launch, 'status' | 'paused' | 'finishedAt' | 'startsAt' | 'startedAt' | 'counts'>;
}) {
  const { t } = useTranslation('launches');
  if (launch.status === 'stopped') return <Badge tone="warn">{t('state.stopped')}</Badge>;
  if (launch.paused) return <Badge tone="warn">{t('state.paused')}</Badge>;
  if (launch.finishedAt) return <Badge tone="good">{t('state.finished')}</Badge>;
  if (launch.counts.held > 0)
    return <Badge tone="bad">{t('state.held', { count: launch.counts.held })}</Badge>;
  if (!launch.startedAt && launch.startsAt)
    return (
      <Badge>
        {t('state.starts')} <Instant at={launch.startsAt} />
      </Badge>
    );
  return <Badge tone="accent">{t('state.running')}</Badge>;
}
