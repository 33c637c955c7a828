import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { soon } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Secret } from '../../ui/Secret.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';

/** Other systems that tell what leads do there, and what they told. */
export function Sources() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const sources = useQuery({
    queryKey: ['sources'],
    queryFn: ({ signal }) => call('sources.list', undefined, { signal }),
  });
  const events = useQuery({
    queryKey: ['sources', 'events'],
    queryFn: ({ signal }) => call('sources.events', { query: { limit: 50 } }, { signal }),
  });
  const [secret, setSecret] = useState<string | null>(null);
  const again = () => client.invalidateQueries({ queryKey: ['sources'] });
  const shown = ({ secret }: { secret: string }) => {
    setSecret(secret);
    void again();
  };
  const add = useMutation({
    mutationFn: (name: string) => call('sources.add', { body: { name } }),
    onSuccess: shown,
  });
  const rotate = useMutation({
    mutationFn: (name: string) => call('sources.rotate', { path: { name } }),
    onSuccess: shown,
  });
  return (
    <>
      <Card title={t('part.sources')} flush>
        <Loaded query={sources} rows={6}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon={IconPlugConnected} title={t('sources.empty')} text={t('sources.emptyText')} />
            ) : (
              <Rows
                label={t('part.sources')}
                rows={items}
                rowKey={({ name }) => name}
                columns={[
                  { key: 'name', header: t('name'), render: ({ name }) => name },
                  { key: 'url', header: t('webhooks.address'), render: ({ url }) => <Code>{url}</Code> },
                  {
                    key: 'actions',
                    header: '',
                    render: ({ name }) => (
                      <Group gap="xs" wrap="nowrap" justify="flex-end">
                        <Button size="compact-sm" variant="default" onClick={() => rotate.mutate(name)}>
                          {t('webhooks.rotate')}
                        </Button>
                        <Button
                          size="compact-sm"
                          variant="default"
                          onClick={() =>
                            soon(t('sources.removing', { name }), async () => {
                              await call('sources.remove', { path: { name } });
                              void again();
                            })
                          }
                        >
                          {t('common:action.remove')}
                        </Button>
                      </Group>
                    ),
                  },
                ]}
              />
            )
          }
        </Loaded>
        <form onSubmit={(event) => add.mutate(typed<'name'>(event).name)}>
          <Group p="md" align="end">
            <TextInput
              name="name"
              label={t('sources.new')}
              placeholder="website"
              pattern="[a-z0-9_\-]+"
              required
              maxLength={60}
            />
            <Button type="submit" variant="default" loading={add.isPending}>
              {t('common:action.add')}
            </Button>
          </Group>
        </form>
      </Card>
      <Card title={t('sources.events')} flush>
        <Loaded query={events} rows={3}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title={t('sources.noEvents')} />
            ) : (
              <Rows
                label={t('sources.events')}
                rows={items}
                rowKey={({ id }) => String(id)}
                columns={[
                  { key: 'at', header: t('when'), render: ({ at }) => <Instant at={at} /> },
                  { key: 'source', header: t('sources.source'), render: ({ source }) => source },
                  { key: 'event', header: t('sources.event'), render: ({ event }) => <code>{event}</code> },
                  {
                    key: 'state',
                    header: t('state'),
                    render: ({ state, result, error }) => (
                      <Stack gap={0} align="start">
                        <Badge tone={error ? 'bad' : 'neutral'}>{state}</Badge>
                        <Text span size="xs" c="dimmed">
                          {error ?? result}
                        </Text>
                      </Stack>
                    ),
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Card>
      <Secret
        title={t('webhooks.secret')}
        text={t('sources.secretText')}
        value={secret}
        onClose={() => setSecret(null)}
      />
    </>
  );
}
