import { Button, Group, Modal, MultiSelect, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { IconWebhook } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer, type Needs } from '../../api/client.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { done, soon } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Secret } from '../../ui/Secret.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';

type Endpoint = Answer<'webhooks.list'>['items'][number];
type Type = NonNullable<Needs<'webhooks.add'>['body']['types']>[number];
const TYPES = [
  'touch.sent',
  'touch.failed',
  'touch.unconfirmed',
  'touch.skipped',
  'task.created',
  'task.completed',
  'enrollment.started',
  'enrollment.held',
  'enrollment.paused',
  'enrollment.resumed',
  'enrollment.finished',
  'enrollment.stopped',
  'lead.replied',
  'lead.answered',
  'lead.classified',
  'lead.opened',
  'lead.clicked',
  'lead.bounced',
  'lead.unsubscribed',
  'lead.preferences',
  'lead.owner_changed',
  'lead.erased',
] as const satisfies readonly Type[];

/** Where the CRM hears of everything, and what it heard. */
export function Webhooks() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id } = useSearch({ strict: false }) as { id?: string };
  const endpoints = useQuery({
    queryKey: ['webhooks'],
    queryFn: ({ signal }) => call('webhooks.list', undefined, { signal }),
  });
  const [adding, setAdding] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const again = () => client.invalidateQueries({ queryKey: ['webhooks'] });
  const open = (to?: string) =>
    void navigate({ to: '/settings/$part', params: { part: 'webhooks' }, search: to ? { id: to } : {} });
  const chosen = endpoints.data?.items.find((one) => one.id === id);
  return (
    <>
      <Card
        title={t('part.webhooks')}
        flush
        actions={<Button onClick={() => setAdding(true)}>{t('webhooks.add')}</Button>}
      >
        <Loaded query={endpoints} rows={3}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon={IconWebhook} title={t('webhooks.empty')} text={t('webhooks.emptyText')} />
            ) : (
              <Rows
                label={t('part.webhooks')}
                rows={items}
                rowKey={(one) => one.id}
                columns={[
                  {
                    key: 'url',
                    header: t('webhooks.address'),
                    render: (one) => (
                      <Stack gap={0}>
                        <span>{one.url}</span>
                        <Text span size="xs" c="dimmed">
                          {one.types.length === 0 ? t('webhooks.everything') : one.types.join(', ')}
                        </Text>
                      </Stack>
                    ),
                  },
                  { key: 'state', header: t('state'), render: (one) => <EndpointState of={one} /> },
                  {
                    key: 'pending',
                    header: t('webhooks.pending'),
                    numeric: true,
                    render: (one) => one.pending,
                  },
                  { key: 'parked', header: t('webhooks.parked'), numeric: true, render: (one) => one.parked },
                  {
                    key: 'open',
                    header: '',
                    render: (one) => (
                      <Button size="compact-sm" variant="default" onClick={() => open(one.id)}>
                        {t('webhooks.log')}
                      </Button>
                    ),
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Card>
      {chosen && <Log endpoint={chosen} onSecret={setSecret} onChanged={again} onRemoved={() => open()} />}
      <Modal
        opened={adding}
        onClose={() => setAdding(false)}
        title={t('webhooks.add')}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <NewEndpoint
          onAdded={(made) => {
            setAdding(false);
            setSecret(made.secret);
            void again();
          }}
        />
      </Modal>
      <Secret
        title={t('webhooks.secret')}
        text={t('webhooks.secretText')}
        value={secret}
        onClose={() => setSecret(null)}
      />
    </>
  );
}

function EndpointState({ of: one }: { of: Endpoint }) {
  const { t } = useTranslation(['settings', 'common']);
  const reason = one.disabledReason ?? one.holdReason ?? undefined;
  return (
    <span title={reason}>
      {one.disabledAt ? (
        <Badge tone="bad">{t('webhooks.disabled')}</Badge>
      ) : one.heldUntil ? (
        <Badge tone="warn">{t('webhooks.held')}</Badge>
      ) : (
        <Badge tone="good">{t('webhooks.working')}</Badge>
      )}
    </span>
  );
}

function NewEndpoint({ onAdded }: { onAdded: (made: Answer<'webhooks.add'>) => void }) {
  const { t } = useTranslation(['settings', 'common']);
  const [types, setTypes] = useState<string[]>([]);
  const add = useMutation({
    mutationFn: (url: string) =>
      call('webhooks.add', { body: { url, types: TYPES.filter((type) => types.includes(type)) } }),
    onSuccess: onAdded,
  });
  return (
    <form onSubmit={(event) => add.mutate(typed<'url'>(event).url)}>
      <Stack>
        <TextInput
          name="url"
          type="url"
          label={t('webhooks.address')}
          placeholder="https://crm.example.com/hooks/cadenza"
          required
          data-autofocus
        />
        <MultiSelect
          label={t('webhooks.types')}
          description={t('webhooks.typesHint')}
          data={[...TYPES]}
          value={types}
          onChange={setTypes}
          searchable
          clearable
        />
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending}>
            {t('webhooks.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const STATES = ['all', 'pending', 'delivered', 'parked'] as const;

/** What was delivered to an endpoint and what was not, and sending it again. */
function Log({
  endpoint,
  onSecret,
  onChanged,
  onRemoved,
}: {
  endpoint: Endpoint;
  onSecret: (secret: string) => void;
  onChanged: () => unknown;
  onRemoved: () => void;
}) {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const path = { id: endpoint.id };
  const [state, setState] = useState<(typeof STATES)[number]>('all');
  const log = useQuery({
    queryKey: ['webhooks', endpoint.id, state],
    queryFn: ({ signal }) =>
      call(
        'webhooks.deliveries',
        { path, query: { limit: 100, ...(state !== 'all' && { state }) } },
        { signal },
      ),
    refetchInterval: 5000,
  });
  const replay = useMutation({
    mutationFn: (body: Needs<'webhooks.replay'>['body']) => call('webhooks.replay', { path, body }),
    onSuccess({ replayed }) {
      done(t('webhooks.replayed', { count: replayed }));
      onChanged();
      void client.invalidateQueries({ queryKey: ['webhooks', endpoint.id] });
    },
  });
  const rotate = useMutation({
    mutationFn: () => call('webhooks.rotate', { path, body: {} }),
    onSuccess: (made) => onSecret(made.secret),
  });
  const toggle = useMutation({
    mutationFn: () => call(endpoint.disabledAt ? 'webhooks.enable' : 'webhooks.disable', { path }),
    onSuccess: onChanged,
  });
  return (
    <Card
      title={t('webhooks.logOf', { url: endpoint.url })}
      flush
      actions={
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={() => rotate.mutate()}>
            {t('webhooks.rotate')}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            loading={toggle.isPending}
            onClick={() => toggle.mutate()}
          >
            {endpoint.disabledAt ? t('webhooks.enable') : t('webhooks.disable')}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() =>
              soon(t('webhooks.removing', { url: endpoint.url }), async () => {
                await call('webhooks.remove', { path });
                onChanged();
                onRemoved();
              })
            }
          >
            {t('common:action.remove')}
          </Button>
        </Group>
      }
    >
      <Group justify="space-between" p="sm">
        <SegmentedControl
          size="xs"
          aria-label={t('state')}
          value={state}
          onChange={(value) => setState(STATES.find((one) => one === value) ?? 'all')}
          data={STATES.map((value) => ({ value, label: t(`webhooks.state.${value}`) }))}
        />
        {endpoint.parked > 0 && (
          <Button
            size="compact-sm"
            loading={replay.isPending}
            onClick={() => replay.mutate({ parked: true })}
          >
            {t('webhooks.replayParked', { count: endpoint.parked })}
          </Button>
        )}
      </Group>
      <Loaded query={log} rows={5}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('webhooks.nothing')} text={t('webhooks.nothingText')} />
          ) : (
            <Rows
              label={t('webhooks.log')}
              rows={items}
              rowKey={(one) => String(one.id)}
              columns={[
                { key: 'at', header: t('when'), render: (one) => <Instant at={one.recordedAt} /> },
                { key: 'type', header: t('webhooks.type'), render: (one) => <code>{one.type}</code> },
                {
                  key: 'state',
                  header: t('state'),
                  render: (one) => (
                    <Badge
                      tone={({ delivered: 'good', pending: 'neutral', parked: 'bad' } as const)[one.state]}
                    >
                      {t(`webhooks.state.${one.state}`)}
                    </Badge>
                  ),
                },
                { key: 'tries', header: t('webhooks.tries'), numeric: true, render: (one) => one.attempts },
                {
                  key: 'said',
                  header: t('webhooks.answer'),
                  render: (one) => (
                    <Text span size="xs">
                      {[one.lastStatus, one.lastError].filter(Boolean).join(' ') || '–'}
                    </Text>
                  ),
                },
                {
                  key: 'replay',
                  header: '',
                  render: (one) => (
                    <Button
                      size="compact-sm"
                      variant="default"
                      onClick={() => replay.mutate({ eventId: one.eventId })}
                    >
                      {t('webhooks.replay')}
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
