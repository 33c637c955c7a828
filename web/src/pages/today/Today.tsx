import { Button, SegmentedControl, Select, Group } from '@mantine/core';
import { IconMoodSmile } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { useCounts } from '../../shell/session.ts';
import { useKeys } from '../../ui/keys.ts';
import { Page } from '../../ui/Page.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';
import { TaskDetail, taskQuery } from './TaskDetail.tsx';
import { TaskRow } from './TaskRow.tsx';
import { useNarrow } from '../../ui/narrow.ts';
import classes from './Today.module.css';

const KINDS = ['call', 'task', 'linkedin', 'review', 'failed'] as const;

/** The rep's work in order of worth: what waits at the left, the one at hand with everything it needs beside it. */
export function Today() {
  const { t } = useTranslation(['today', 'common']);
  const search = useSearch({ from: '/frame/today' });
  const navigate = useNavigate();
  const client = useQueryClient();
  const kind = KINDS.find((one) => one === search.kind);
  const due = search.due === 'now' ? 'now' : 'all';
  const change = (changes: Partial<typeof search>) =>
    void navigate({
      to: '/today',
      search: Object.fromEntries(
        Object.entries({ ...search, ...changes }).filter(([, value]) => value),
      ) as typeof search,
      replace: true,
      // The list scrolls to what is chosen in it.
      resetScroll: false,
    });
  const tasks = useInfiniteQuery({
    queryKey: ['tasks', 'list', kind, due],
    queryFn: ({ pageParam, signal }) =>
      call(
        'tasks.list',
        { query: { due, limit: 50, ...(kind && { kind }), ...(pageParam && { cursor: pageParam }) } },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
  // What was just done is gone at once; the server hears of it when it cannot be undone any more.
  const [finished, setFinished] = useState<ReadonlySet<string>>(new Set());
  const items = (tasks.data?.pages.flatMap((page) => page.items) ?? []).filter(({ id }) => !finished.has(id));
  const chosen = items.find(({ id }) => id === search.task);
  const current = chosen ?? items[0];
  const at = current ? items.indexOf(current) : -1;
  // The next one is there when this one is done.
  const nextId = items[at + 1]?.id;
  useEffect(() => {
    if (nextId) void client.prefetchQuery(taskQuery(nextId));
  }, [client, nextId]);
  const go = (to: number) => {
    const next = items[Math.min(Math.max(to, 0), items.length - 1)];
    if (next) change({ task: next.id });
  };
  useKeys({ j: () => go(at + 1), k: () => go(at - 1) });
  const narrow = useNarrow();
  const waiting = useCounts().data?.waiting ?? 0;

  return (
    <Page
      full
      over={chosen !== undefined}
      title={t('title')}
      actions={
        waiting > 0 && (
          <Button variant="default" renderRoot={(props) => <Link to="/inbox" {...props} />}>
            {t('waiting', { count: waiting })}
          </Button>
        )
      }
      bar={
        <Group gap="xs" wrap="nowrap">
          <SegmentedControl
            size="xs"
            flex="none"
            aria-label={t('due.title')}
            value={due}
            onChange={(value) => change({ due: value, task: undefined })}
            data={(['all', 'now'] as const).map((value) => ({ value, label: t(`due.${value}`) }))}
          />
          <Select
            size="xs"
            flex="0 1 150px"
            miw={90}
            aria-label={t('kind.title')}
            value={kind ?? ''}
            onChange={(value) => change({ kind: value ?? undefined, task: undefined })}
            data={[
              { value: '', label: t('kind.all') },
              ...KINDS.map((value) => ({ value, label: t(`kind.${value}`) })),
            ]}
          />
        </Group>
      }
    >
      {tasks.isPending ? (
        <Loading />
      ) : tasks.isLoadingError ? (
        <Failed error={tasks.error} retry={() => void tasks.refetch()} />
      ) : items.length === 0 ? (
        <NothingLeft later={due === 'now'} onAll={() => change({ due: 'all' })} waiting={waiting} />
      ) : (
        <div className={classes.desk} data-chosen={chosen !== undefined || undefined}>
          <ol className={classes.list} aria-label={t('list')}>
            {items.map((task) => (
              <TaskRow
                key={task.id}
                task={task}
                current={task.id === current?.id}
                onChoose={() => change({ task: task.id })}
              />
            ))}
            {tasks.hasNextPage && (
              <li>
                <Button
                  variant="subtle"
                  fullWidth
                  loading={tasks.isFetchingNextPage}
                  onClick={() => void tasks.fetchNextPage()}
                >
                  {t('common:list.loadMore')}
                </Button>
              </li>
            )}
          </ol>
          {current && (
            <TaskDetail
              key={current.id}
              id={current.id}
              shown={!narrow || chosen !== undefined}
              onBack={() => change({ task: undefined })}
              onFinish={() => {
                const next = items[at + 1] ?? items[at - 1];
                setFinished((before) => new Set([...before, current.id]));
                change({ task: next?.id });
              }}
              onUndo={() => {
                setFinished((before) => new Set([...before].filter((id) => id !== current.id)));
                // Not when sending failed while they were elsewhere.
                if (location.pathname === '/today') change({ task: current.id });
              }}
              onSettled={async () => {
                void client.invalidateQueries({ queryKey: ['tasks'] });
                await client.invalidateQueries({ queryKey: ['counts'] });
              }}
            />
          )}
        </div>
      )}
    </Page>
  );
}

function NothingLeft({ later, onAll, waiting }: { later: boolean; onAll: () => void; waiting: number }) {
  const { t } = useTranslation('today');
  const next = useQuery({
    queryKey: ['tasks', 'next'],
    queryFn: ({ signal }) =>
      call('tasks.list', { query: { due: 'all', limit: 1, sort: 'dueAt' } }, { signal }),
  }).data?.items[0];
  return (
    <Empty
      icon={IconMoodSmile}
      title={t('empty')}
      text={
        waiting > 0 ? t('emptyWaiting', { count: waiting }) : later && next ? t('emptyLater') : t('emptyText')
      }
      action={
        waiting > 0 ? (
          <Button renderRoot={(props) => <Link to="/inbox" {...props} />}>{t('toInbox')}</Button>
        ) : later && next ? (
          <Button variant="default" onClick={onAll}>
            {t('due.all')}
          </Button>
        ) : (
          <Button variant="default" renderRoot={(props) => <Link to="/launches/new" {...props} />}>
            {t('toLaunch')}
          </Button>
        )
      }
    />
  );
}
