import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconHandStop } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Needs } from '../../api/client.ts';
import { seesEverything, useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { done, soon } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';

type New = Needs<'suppressions.add'>['body'];
const KINDS = ['email', 'phone', 'domain'] as const satisfies readonly New['kind'][];

/** Who must never be contacted again. Addresses are kept as hashes: one can ask for one, not read them. */
export function Suppressions() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const isAdmin = useMe().role === 'admin';
  const [value, setValue] = useState('');
  const [adding, setAdding] = useState(false);
  const list = useInfiniteQuery({
    queryKey: ['suppressions', value],
    queryFn: ({ pageParam, signal }) =>
      call(
        'suppressions.list',
        { query: { limit: 50, ...(value && { value }), ...(pageParam && { cursor: pageParam }) } },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const again = () => client.invalidateQueries({ queryKey: ['suppressions'] });
  return (
    <Card
      title={t('part.suppressions')}
      flush
      actions={<Button onClick={() => setAdding(true)}>{t('suppressions.add')}</Button>}
    >
      <form onSubmit={(event) => setValue(typed<'value'>(event).value)}>
        <Group p="md" align="end">
          <TextInput
            name="value"
            label={t('suppressions.find')}
            description={t('suppressions.findHint')}
            placeholder="ada@example.com"
            w={320}
          />
          <Button type="submit" variant="default">
            {t('suppressions.look')}
          </Button>
        </Group>
      </form>
      {list.isPending ? (
        <Loading rows={4} />
      ) : list.isError ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        <Empty
          icon={IconHandStop}
          title={value ? t('suppressions.notThere', { value }) : t('suppressions.empty')}
          text={t('suppressions.emptyText')}
        />
      ) : (
        <Rows
          label={t('part.suppressions')}
          rows={rows}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'kind',
              header: t('suppressions.kind'),
              render: ({ kind }) => t(`suppressions.kinds.${kind}`),
            },
            {
              key: 'channel',
              header: t('senders.channel'),
              render: ({ channel }) => (channel ? <Channel channel={channel} /> : t('suppressions.every')),
            },
            {
              key: 'reason',
              header: t('suppressions.reason'),
              render: ({ reason, wished }) => (
                <Group gap="xs">
                  {reason.replaceAll('_', ' ')}
                  {wished && <Badge tone="accent">{t('suppressions.wished')}</Badge>}
                </Group>
              ),
            },
            { key: 'at', header: t('when'), render: ({ at }) => <Instant at={at} /> },
            {
              key: 'act',
              header: '',
              render: ({ id, wished }) =>
                isAdmin &&
                !wished && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() =>
                      soon(t('suppressions.removing'), async () => {
                        await call('suppressions.remove', { path: { id } });
                        void again();
                      })
                    }
                  >
                    {t('common:action.remove')}
                  </Button>
                ),
            },
          ]}
        />
      )}
      {list.hasNextPage && (
        <Group justify="center" p="sm">
          <Button
            variant="subtle"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {t('common:list.loadMore')}
          </Button>
        </Group>
      )}
      <Modal
        opened={adding}
        onClose={() => setAdding(false)}
        title={t('suppressions.add')}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <NewSuppression
          onAdded={(leads) => {
            setAdding(false);
            done(t('suppressions.added', { count: leads }));
            void again();
          }}
        />
      </Modal>
    </Card>
  );
}

function NewSuppression({ onAdded }: { onAdded: (leads: number) => void }) {
  const { t } = useTranslation('settings');
  const [kind, setKind] = useState<New['kind']>('email');
  // A whole domain concerns other teams' leads, too.
  const all = seesEverything(useMe());
  const kinds = KINDS.filter((one) => all || one !== 'domain');
  const add = useMutation({
    mutationFn: (value: string) => call('suppressions.add', { body: { kind, value } }),
    onSuccess: ({ leads }) => onAdded(leads),
  });
  return (
    <form onSubmit={(event) => add.mutate(typed<'value'>(event).value)}>
      <Stack>
        <Select
          label={t('suppressions.kind')}
          value={kind}
          onChange={(value) => setKind(KINDS.find((one) => one === value) ?? 'email')}
          data={kinds.map((value) => ({ value, label: t(`suppressions.kinds.${value}`) }))}
        />
        <TextInput name="value" label={t('suppressions.value')} required data-autofocus />
        <Text size="sm" c="dimmed">
          {t('suppressions.hint')}
        </Text>
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending}>
            {t('suppressions.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
