import { Button, Group, Select, Stack, Tabs, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { DataTable } from '../../ui/DataTable.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { LeadName } from '../../ui/LeadName.tsx';
import { Page } from '../../ui/Page.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { moment, MY_ZONE } from '../../ui/time.ts';
import { Empty, Failed, Loaded, Loading } from '../../ui/states.tsx';
import { useReason, useWord } from '../../lead/words.ts';
import { useControls, usePauses } from './controls.ts';
import { Excluded } from './Excluded.tsx';
import { LaunchBar, STATES } from './LaunchBar.tsx';
import { LaunchState, Next } from './Launches.tsx';
import { PauseDialog, PauseStory, type ToPause } from './Pause.tsx';
import classes from './LaunchPage.module.css';

type Progress = Answer<'launches.numbers'>;

/** One launch while it runs: how it goes, live; who is where and why; who was left out. */
export function LaunchPage() {
  const { t } = useTranslation(['launches', 'common']);
  const { id } = useParams({ from: '/frame/launches/$id' });
  const search = useSearch({ from: '/frame/launches/$id' });
  const navigate = useNavigate();
  const { resume, stop, stopping } = useControls();
  const [pausing, setPausing] = useState<ToPause | null>(null);
  const pauses = usePauses().data?.items ?? [];
  const launch = useQuery({
    queryKey: ['launches', id],
    queryFn: ({ signal }) => call('launches.read', { path: { id } }, { signal }),
    refetchInterval: 10_000,
  });
  const progress = useProgress(id);
  const found = launch.data;
  const paused = progress?.paused ?? found?.paused;
  const target = { scope: 'launch', id } as const;
  return (
    <Page
      title={found?.name ?? t('one')}
      actions={
        found?.status === 'running' && (
          <>
            <Button
              variant="default"
              loading={resume.isPending}
              onClick={() =>
                paused
                  ? resume.mutate(paused === 'sequence' ? { scope: paused, id: found.sequenceId } : target)
                  : setPausing({ ...target, name: found.name })
              }
              disabled={paused === 'all'}
            >
              {t(paused === 'sequence' ? 'resumeSequence' : paused ? 'resume' : 'pause')}
            </Button>
            <Button variant="default" disabled={stopping} onClick={() => stop(target, found.name)}>
              {t('stop')}
            </Button>
            <Button renderRoot={(props) => <Link to="/launches/new" search={{ add: id }} {...props} />}>
              {t('add.link')}
            </Button>
          </>
        )
      }
    >
      <Loaded query={launch}>
        {(one) => (
          <Stack>
            <Card>
              <Stack gap="sm">
                <Group gap="sm">
                  <LaunchState launch={{ ...one, ...progress }} />
                  <Text size="sm" c="dimmed">
                    <Link to="/sequences/$name" params={{ name: one.sequence }}>
                      {one.title}
                    </Link>{' '}
                    · {t('version', { version: one.version })} · <Instant at={one.createdAt} />{' '}
                    {one.createdByName && `· ${one.createdByName}`}
                  </Text>
                </Group>
                <LaunchBar counts={progress?.counts ?? one.counts} />
                {pauses
                  .filter(
                    ({ scope, scopeId }) => scope === 'all' || scopeId === id || scopeId === one.sequenceId,
                  )
                  .map((pause) => (
                    <Text key={pause.id} size="sm">
                      <b>{t(`scope.${pause.scope}`)}</b>: <PauseStory of={pause} />
                    </Text>
                  ))}
                {one.waitsFor && <Text size="sm">{t(`waitsFor.${one.waitsFor}`)}</Text>}
                <dl className={classes.facts}>
                  <div>
                    <dt>{t('column.answered')}</dt>
                    <dd>{t('number', { value: one.answered })}</dd>
                  </div>
                  <div>
                    <dt>{t('column.next')}</dt>
                    <dd>
                      <Next launch={one} />
                    </dd>
                  </div>
                  {one.startsAt && !one.startedAt && (
                    <div>
                      <dt>{t('start.at')}</dt>
                      <dd>
                        {moment(one.startsAt)} ({MY_ZONE})
                      </dd>
                    </div>
                  )}
                  {one.review && (
                    <div>
                      <dt>{t('review.title')}</dt>
                      <dd>
                        {t(`review.${one.review}`)} · {one.reviewer ?? t('review.owner')}
                      </dd>
                    </div>
                  )}
                </dl>
              </Stack>
            </Card>
            <Tabs
              value={search.tab ?? 'steps'}
              keepMounted={false}
              onChange={(tab) =>
                void navigate({
                  to: '/launches/$id',
                  params: { id },
                  search: tab ? { tab } : {},
                  replace: true,
                })
              }
            >
              <Tabs.List mb="md">
                <Tabs.Tab value="steps">{t('tab.steps')}</Tabs.Tab>
                <Tabs.Tab value="leads">{t('tab.leads')}</Tabs.Tab>
                <Tabs.Tab value="excluded">{t('tab.excluded')}</Tabs.Tab>
              </Tabs.List>
              <Tabs.Panel value="steps">
                {progress ? <Steps progress={progress} /> : <Loading rows={4} />}
              </Tabs.Panel>
              <Tabs.Panel value="leads">
                <Enrollments id={id} state={search.state} />
              </Tabs.Panel>
              <Tabs.Panel value="excluded">
                <Excluded id={id} reasons={one.exclusions} open={search.reason} />
              </Tabs.Panel>
            </Tabs>
          </Stack>
        )}
      </Loaded>
      <PauseDialog what={pausing} onClose={() => setPausing(null)} />
    </Page>
  );
}

/** The numbers as the server streams them. */
function useProgress(id: string): Progress | undefined {
  const client = useQueryClient();
  const queryKey = ['launches', id, 'progress'];
  const numbers = useQuery({
    queryKey,
    queryFn: ({ signal }) => call('launches.numbers', { path: { id } }, { signal }),
    staleTime: Infinity,
  });
  useEffect(() => {
    const stream = new EventSource(addressOf('launches.progress', { path: { id } }));
    stream.addEventListener('snapshot', (event) => {
      client.setQueryData(['launches', id, 'progress'], JSON.parse((event as MessageEvent<string>).data));
    });
    return () => stream.close();
  }, [client, id]);
  return numbers.data;
}

function Steps({ progress }: { progress: Progress }) {
  const { t } = useTranslation('launches');
  const most = Math.max(1, ...progress.steps.map(({ reached }) => reached));
  const number = (value: number) => t('number', { value });
  if (progress.steps.length === 0) return <Empty title={t('noSteps')} />;
  return (
    <Card flush>
      <Rows
        label={t('tab.steps')}
        rows={progress.steps}
        rowKey={({ step }) => step}
        columns={[
          { key: 'step', header: t('steps.step'), render: ({ step }) => step },
          {
            key: 'bar',
            header: t('steps.reach'),
            wide: true,
            render: ({ reached, sent }) => (
              <span className={classes.reach} aria-hidden>
                <span style={{ width: `${(reached / most) * 100}%` }}>
                  <span style={{ width: `${(sent / Math.max(1, reached)) * 100}%` }} />
                </span>
              </span>
            ),
          },
          {
            key: 'reached',
            header: t('steps.reached'),
            numeric: true,
            render: ({ reached }) => number(reached),
          },
          { key: 'sent', header: t('steps.sent'), numeric: true, render: ({ sent }) => number(sent) },
          {
            key: 'answered',
            header: t('steps.answered'),
            numeric: true,
            render: ({ answered }) => number(answered),
          },
          { key: 'here', header: t('steps.here'), numeric: true, render: ({ here }) => number(here) },
        ]}
      />
    </Card>
  );
}

function Enrollments({ id, state }: { id: string; state: string | undefined }) {
  const { t } = useTranslation(['launches', 'common']);
  const navigate = useNavigate();
  const word = useWord();
  const reason = useReason();
  const status = STATES.find((one) => one === state);
  const list = useInfiniteQuery({
    queryKey: ['launches', id, 'enrollments', status],
    queryFn: ({ pageParam, signal }) =>
      call(
        'launches.enrollments',
        {
          path: { id },
          query: { limit: 100, ...(status && { status }), ...(pageParam && { cursor: pageParam }) },
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    // Live as the numbers above it, as long as that is one question.
    refetchInterval: (query) => (query.state.data?.pages.length === 1 ? 10_000 : false),
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack>
      <Select
        w={220}
        aria-label={t('column.state')}
        value={status ?? ''}
        onChange={(value) =>
          void navigate({
            to: '/launches/$id',
            params: { id },
            search: { tab: 'leads', ...(value && { state: value }) },
            replace: true,
          })
        }
        data={[
          { value: '', label: t('everybody') },
          ...STATES.map((value) => ({ value, label: t(`stateName.${value}`) })),
        ]}
      />
      {list.isPending ? (
        <Loading />
      ) : list.isError ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Empty title={t('nobody')} />
      ) : (
        <Card flush>
          <div style={{ height: Math.min(520, 60 + rows.length * 44) }}>
            <DataTable
              name={t('tab.leads')}
              rows={rows}
              rowKey={(row) => row.id}
              onOpen={({ leadId }) => void navigate({ to: '/leads/$id', params: { id: leadId } })}
              onMore={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
              loadingMore={list.isFetchingNextPage}
              columns={[
                {
                  key: 'name',
                  header: t('column.lead'),
                  width: 220,
                  render: (row) => (
                    <Link to="/leads/$id" params={{ id: row.leadId }} className={classes.lead}>
                      <LeadName name={row.name || row.email || row.leadId} company={row.company} />
                    </Link>
                  ),
                },
                {
                  key: 'state',
                  header: t('column.state'),
                  width: 120,
                  render: (row) => t(`stateName.${row.status}`),
                },
                { key: 'step', header: t('steps.step'), width: 120, render: (row) => row.step ?? '–' },
                {
                  key: 'why',
                  header: t('column.why'),
                  width: 320,
                  render: (row) => <span title={reason(row.reason)}>{word(row.reason)}</span>,
                },
                {
                  key: 'next',
                  header: t('column.next'),
                  width: 140,
                  render: (row) => (row.nextAt ? <Instant at={row.nextAt} /> : '–'),
                },
              ]}
            />
          </div>
        </Card>
      )}
    </Stack>
  );
}
