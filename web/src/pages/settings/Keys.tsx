import { Button, Checkbox, Group, Modal, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer, type Needs } from '../../api/client.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { soon } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Secret } from '../../ui/Secret.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { inDays } from '../../ui/time.ts';

type Key = Answer<'apiKeys.list'>['items'][number];
type Scope = Needs<'apiKeys.add'>['body']['scopes'][number];

const SCOPES = [
  'leads:read',
  'leads:write',
  'sequences:read',
  'sequences:write',
  'launches:read',
  'launches:write',
  'tasks:read',
  'tasks:write',
  'inbox:read',
  'inbox:write',
  'senders:read',
  'senders:write',
  'webhooks:read',
  'webhooks:write',
  'analytics:read',
  'settings:read',
  'settings:write',
] as const satisfies readonly Scope[];

/** Keys by which programs do what their owner may. */
export function Keys() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const keys = useQuery({
    queryKey: ['keys'],
    queryFn: ({ signal }) => call('apiKeys.list', undefined, { signal }),
  });
  const again = () => client.invalidateQueries({ queryKey: ['keys'] });
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const add = useMutation({
    mutationFn: (body: Needs<'apiKeys.add'>['body']) => call('apiKeys.add', { body }),
    onSuccess(made) {
      setAdding(false);
      setSecret(made.secret);
      void again();
    },
  });
  const button = <Button onClick={() => setAdding(true)}>{t('keys.add')}</Button>;
  return (
    <Card title={t('part.keys')} flush actions={button}>
      <Loaded query={keys} rows={3}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={IconKey} title={t('keys.empty')} text={t('keys.emptyText')} />
          ) : (
            <Rows
              label={t('part.keys')}
              rows={items}
              rowKey={({ id }) => id}
              columns={[
                { key: 'name', header: t('name'), render: (key) => key.name },
                { key: 'prefix', header: t('keys.begins'), render: (key) => <code>{key.prefix}…</code> },
                { key: 'scopes', header: t('keys.scopes'), render: (key) => <Scopes scopes={key.scopes} /> },
                {
                  key: 'used',
                  header: t('keys.used'),
                  render: (key) => (key.lastUsedAt ? <Instant at={key.lastUsedAt} /> : t('never')),
                },
                { key: 'state', header: t('state'), render: (key) => <State of={key} onRevoked={again} /> },
              ]}
            />
          )
        }
      </Loaded>
      <Modal
        opened={adding}
        onClose={() => setAdding(false)}
        title={t('keys.add')}
        size="lg"
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <NewKey pending={add.isPending} onAdd={(body) => add.mutate(body)} />
      </Modal>
      <Secret title={t('keys.made')} text={t('keys.once')} value={secret} onClose={() => setSecret(null)} />
    </Card>
  );
}

function Scopes({ scopes }: { scopes: readonly string[] }) {
  const { t } = useTranslation(['settings', 'common']);
  if (scopes.length === SCOPES.length) return t('keys.all');
  return (
    <Text span size="xs" c="dimmed">
      {scopes.join(', ')}
    </Text>
  );
}

function State({ of: key, onRevoked }: { of: Key; onRevoked: () => unknown }) {
  const { t } = useTranslation(['settings', 'common']);
  if (key.revokedAt) return <Badge>{t('keys.revoked')}</Badge>;
  return (
    <Group gap="xs" wrap="nowrap">
      {key.expiresAt && (
        <Text span size="xs" c="dimmed">
          {t('keys.until')} <Instant at={key.expiresAt} />
        </Text>
      )}
      <Button
        size="compact-sm"
        variant="default"
        onClick={() =>
          soon(t('keys.revoking', { name: key.name }), async () => {
            await call('apiKeys.revoke', { path: { id: key.id } });
            onRevoked();
          })
        }
      >
        {t('keys.revoke')}
      </Button>
    </Group>
  );
}

function NewKey({
  pending,
  onAdd,
}: {
  pending: boolean;
  onAdd: (body: Needs<'apiKeys.add'>['body']) => void;
}) {
  const { t } = useTranslation(['settings', 'common']);
  const [scopes, setScopes] = useState<readonly string[]>(['leads:read']);
  const [days, setDays] = useState<string | null>('90');
  return (
    <form
      onSubmit={(event) =>
        onAdd({
          name: typed<'name'>(event).name,
          scopes: SCOPES.filter((scope) => scopes.includes(scope)),
          expiresAt: days === 'never' || days === null ? null : inDays(Number(days)),
        })
      }
    >
      <Stack>
        <TextInput
          name="name"
          label={t('name')}
          placeholder={t('keys.namePlaceholder')}
          required
          data-autofocus
        />
        <Checkbox.Group label={t('keys.scopes')} value={[...scopes]} onChange={setScopes}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" mt="xs">
            {SCOPES.map((scope) => (
              <Checkbox key={scope} value={scope} label={scope} size="xs" />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <Select
          label={t('keys.expires')}
          value={days}
          onChange={setDays}
          data={[
            ...[30, 90, 365].map((count) => ({ value: String(count), label: t('days', { count }) })),
            { value: 'never', label: t('never') },
          ]}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={pending} disabled={scopes.length === 0}>
            {t('keys.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
