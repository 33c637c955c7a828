import { Button, Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';

/** Who did what. */
export function Audit() {
  const { t } = useTranslation(['settings', 'common']);
  const audit = useInfiniteQuery({
    queryKey: ['audit'],
    queryFn: ({ pageParam, signal }) =>
      call('audit.list', { query: { limit: 50, ...(pageParam && { cursor: pageParam }) } }, { signal }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });
  const rows = audit.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Card title={t('part.audit')} flush>
      {audit.isPending && <Loading />}
      {audit.isError && <Failed error={audit.error} retry={() => void audit.refetch()} />}
      {audit.isSuccess && rows.length === 0 && <Empty title={t('audit.empty')} />}
      {rows.length > 0 && (
        <Rows
          label={t('part.audit')}
          rows={rows}
          rowKey={({ id }) => String(id)}
          columns={[
            { key: 'at', header: t('when'), render: ({ at }) => <Instant at={at} /> },
            {
              key: 'who',
              header: t('audit.who'),
              render: ({ who, apiKeyId }) => (
                <>
                  <bdi>{who}</bdi>{' '}
                  {apiKeyId && (
                    <Text span size="xs" c="dimmed">
                      {t('audit.byKey')}
                    </Text>
                  )}
                </>
              ),
            },
            { key: 'action', header: t('audit.action'), render: ({ action }) => <code>{action}</code> },
            {
              key: 'target',
              header: t('audit.target'),
              render: ({ target }) => (
                <Text span size="xs" c="dimmed">
                  {target ?? '–'}
                </Text>
              ),
            },
          ]}
        />
      )}
      {audit.hasNextPage && (
        <Group justify="center" p="sm">
          <Button
            variant="subtle"
            loading={audit.isFetchingNextPage}
            onClick={() => void audit.fetchNextPage()}
          >
            {t('common:list.loadMore')}
          </Button>
        </Group>
      )}
    </Card>
  );
}
