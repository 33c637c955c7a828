import { Button, Group, Stack, Text } from '@mantine/core';
import { IconPlayerPause, IconSend } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
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
import { useControls } from './controls.ts';
import { LaunchBar } from './LaunchBar.tsx';

type Launch = Answer<'launches.list'>['items'][number];

/** What was launched and how it goes; pausing and resuming at every level. */
export function Launches() {
  const { t } = useTranslation(['launches', 'common']);
  const me = useMe();
  const { pause, resume } = useControls();
  const launches = useInfiniteQuery({
    queryKey: ['launches', 'list'],
    queryFn: ({ pageParam, signal }) =>
      call('launches.list', { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, { signal }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    refetchInterval: 10_000,
  });
  const pauses = useQuery({
    queryKey: ['pauses'],
    queryFn: ({ signal }) => call('pauses.list', undefined, { signal }),
    refetchInterval: 10_000,
  });
  const rows = launches.data?.pages.flatMap((page) => page.items) ?? [];
  const active = pauses.data?.items ?? [];
  const everything = active.find(({ scope }) => scope === 'all');
  return (
    <Page
      title={t('title')}
      actions={
        <>
          {me.role !== 'rep' && !everything && (
            <Button
              variant="default"
              leftSection={<IconPlayerPause size={16} aria-hidden />}
              loading={pause.isPending}
              onClick={() => pause.mutate({ scope: 'all', id: null })}
            >
              {t('pauseAll')}
            </Button>
          )}
          <Button renderRoot={(props) => <Link to="/launches/new" {...props} />}>{t('new')}</Button>
        </>
      }
    >
      <Stack>
        {active.length > 0 && (
          <Notice tone="warn" title={t('pausesTitle', { count: active.length })}>
            <Stack gap={6}>
              {active.map((one) => (
                <Group key={one.id} gap="sm" justify="space-between">
                  <Text size="sm">
                    <b>{t(`scope.${one.scope}`)}</b> {one.scope !== 'all' && <bdi>{one.name}</bdi>} ·{' '}
                    {one.reason} · <Instant at={one.at} />
                  </Text>
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => resume.mutate({ scope: one.scope, id: one.scopeId })}
                  >
                    {t('resume')}
                  </Button>
                </Group>
              ))}
            </Stack>
          </Notice>
        )}
        {launches.isPending ? (
          <Loading />
        ) : launches.isError ? (
          <Failed error={launches.error} retry={() => void launches.refetch()} />
        ) : rows.length === 0 ? (
          <Empty
            icon={IconSend}
            title={t('empty')}
            text={t('emptyText')}
            action={
              <Button renderRoot={(props) => <Link to="/launches/new" {...props} />}>{t('new')}</Button>
            }
          />
        ) : (
          <Card flush>
            <Rows
              label={t('title')}
              rows={rows}
              rowKey={({ id }) => id}
              columns={[
                { key: 'name', header: t('column.name'), render: (launch) => <Name launch={launch} /> },
                {
                  key: 'state',
                  header: t('column.state'),
                  render: (launch) => <LaunchState launch={launch} />,
                },
                {
                  key: 'leads',
                  header: t('column.leads'),
                  numeric: true,
                  render: ({ counts }) =>
                    t('number', { value: Object.values(counts).reduce((sum, one) => sum + one, 0) }),
                },
                {
                  key: 'bar',
                  header: t('column.progress'),
                  render: ({ counts }) => <LaunchBar counts={counts} slim />,
                },
                {
                  key: 'at',
                  header: t('column.created'),
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
                  render: ({ id, status, paused }) =>
                    status === 'running' &&
                    (paused === 'launch' ? (
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => resume.mutate({ scope: 'launch', id })}
                      >
                        {t('resume')}
                      </Button>
                    ) : (
                      <Button
                        size="compact-sm"
                        variant="default"
                        onClick={() => pause.mutate({ scope: 'launch', id })}
                      >
                        {t('pause')}
                      </Button>
                    )),
                },
              ]}
            />
          </Card>
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
    </Page>
  );
}

function Name({ launch }: { launch: Launch }) {
  return (
    <Stack gap={0}>
      <Link to="/launches/$id" params={{ id: launch.id }} style={{ color: 'inherit', fontWeight: 500 }}>
        <bdi>{launch.name}</bdi>
      </Link>
      <Text span size="xs" c="dimmed">
        {launch.sequence}
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
