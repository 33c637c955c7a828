import { Button, Drawer, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconMail, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { done } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { SenderForm } from './SenderForm.tsx';

export type Sender = Answer<'senders.list'>['items'][number];

/** The mailboxes, accounts and numbers by which leads are reached: their health, and what they may send. */
export function Senders() {
  const { t } = useTranslation(['settings', 'common']);
  const navigate = useNavigate();
  const { id } = useSearch({ strict: false }) as { id?: string };
  const isAdmin = useMe().role === 'admin';
  const senders = useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => call('senders.list', undefined, { signal }),
  });
  const open = (to?: string) =>
    void navigate({ to: '/settings/$part', params: { part: 'senders' }, search: to ? { id: to } : {} });
  const chosen = senders.data?.items.find((sender) => sender.id === id) ?? null;
  return (
    <Card
      title={t('part.senders')}
      flush
      actions={isAdmin && <Button onClick={() => open('new')}>{t('senders.add')}</Button>}
    >
      <Loaded query={senders} rows={4}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty icon={IconMail} title={t('senders.empty')} text={t('senders.emptyText')} />
          ) : (
            <Rows
              label={t('part.senders')}
              rows={items}
              rowKey={(sender) => sender.id}
              columns={[
                {
                  key: 'name',
                  header: t('name'),
                  render: (sender) => (
                    <Stack gap={0}>
                      <bdi>{sender.name}</bdi>
                      <Text span size="xs" c="dimmed">
                        {sender.address}
                      </Text>
                    </Stack>
                  ),
                },
                {
                  key: 'channel',
                  header: t('senders.channel'),
                  render: (sender) => <Channel channel={sender.channel} />,
                },
                { key: 'health', header: t('senders.health'), render: (sender) => <Health of={sender} /> },
                {
                  key: 'caps',
                  header: t('senders.caps'),
                  render: (sender) => <Capacity of={sender} />,
                },
                { key: 'owner', header: t('senders.owner'), render: (sender) => sender.owner ?? '–' },
                {
                  key: 'open',
                  header: '',
                  render: (sender) => (
                    <Button size="compact-sm" variant="default" onClick={() => open(sender.id)}>
                      {t('senders.open')}
                    </Button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      <Drawer
        opened={id === 'new' || chosen !== null}
        onClose={() => open()}
        title={chosen?.name ?? t('senders.add')}
        size="lg"
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        {chosen && <HealthPanel sender={chosen} />}
        {isAdmin && (id === 'new' || chosen) && (
          <SenderForm key={chosen?.id ?? 'new'} sender={chosen} onDone={() => open()} />
        )}
      </Drawer>
    </Card>
  );
}

/** Used of today's limit, by action: `email 12/40`; and the week's limit where there is one. */
function Capacity({ of: sender }: { of: Sender }) {
  const { t } = useTranslation('settings');
  const actions = Object.entries(sender.caps);
  const others = Object.entries(sender.usedToday).filter(([action]) => !(action in sender.caps));
  if (actions.length + others.length === 0) return t('senders.noCaps');
  return (
    <Stack gap={2}>
      {actions.map(([action, { day, week }]) => (
        <span key={action}>
          {t('senders.used', {
            action,
            used: sender.usedToday[action as keyof Sender['usedToday']] ?? 0,
            of: day ?? '∞',
          })}
          {week != null && (
            <Text span size="xs" c="dimmed">
              {' '}
              {t('senders.aWeek', { count: week })}
            </Text>
          )}
        </span>
      ))}
      {others.map(([action, used]) => (
        <span key={action}>{t('senders.used', { action, used, of: '∞' })}</span>
      ))}
    </Stack>
  );
}

/** One word, and what is behind it on hover. */
function Health({ of: sender }: { of: Sender }) {
  const { t } = useTranslation(['settings', 'common']);
  const problem = sender.brokenReason ?? sender.mailboxError;
  return (
    <span title={problem ?? undefined}>
      {sender.brokenReason ? (
        <Badge tone="bad">{t('senders.broken')}</Badge>
      ) : sender.mailboxError ? (
        <Badge tone="warn">{t('senders.unread')}</Badge>
      ) : sender.paused ? (
        <Badge tone="warn">{t('senders.paused')}</Badge>
      ) : (
        <Badge tone="good">{t('senders.healthy')}</Badge>
      )}
    </span>
  );
}

function HealthPanel({ sender }: { sender: Sender }) {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const isAdmin = useMe().role === 'admin';
  const again = () => client.invalidateQueries({ queryKey: ['senders'] });
  const [checks, setChecks] = useState<Answer<'senders.check'>['checks'] | null>(null);
  const check = useMutation({
    mutationFn: () => call('senders.check', { path: { id: sender.id } }),
    onSuccess: (found) => setChecks(found.checks),
  });
  const repair = useMutation({
    mutationFn: () => call('senders.repair', { path: { id: sender.id } }),
    onSuccess() {
      done(t('senders.repaired'));
      void again();
    },
  });
  const toggle = useMutation({
    mutationFn: () =>
      call(sender.paused ? 'controls.resume' : 'controls.pause', {
        body: { scope: 'sender', id: sender.id },
      }),
    onSuccess: again,
  });
  return (
    <Stack mb="lg">
      <Group gap="xs">
        <Channel channel={sender.channel} />
        <Health of={sender} />
        <Text span size="sm" c="dimmed">
          {sender.address} · {sender.timeZone}
        </Text>
      </Group>
      {(sender.brokenReason ?? sender.mailboxError) && (
        <Notice tone="bad" title={t('senders.problem')}>
          <Text size="sm">{sender.brokenReason ?? sender.mailboxError}</Text>
          {sender.brokenReason && isAdmin && (
            <Button
              mt="xs"
              size="compact-sm"
              variant="default"
              loading={repair.isPending}
              onClick={() => repair.mutate()}
            >
              {t('senders.repair')}
            </Button>
          )}
        </Notice>
      )}
      <Group gap="xs">
        <Button variant="default" loading={check.isPending} onClick={() => check.mutate()}>
          {t('senders.check')}
        </Button>
        <Button variant="default" loading={toggle.isPending} onClick={() => toggle.mutate()}>
          {sender.paused ? t('senders.resume') : t('senders.pause')}
        </Button>
      </Group>
      {checks && (
        <Stack gap={6} role="status">
          {checks.map((one) => (
            <Group key={one.name} gap="xs" wrap="nowrap" align="start">
              {one.ok ? (
                <IconCheck size={16} color="var(--c-good)" aria-label={t('senders.ok')} />
              ) : (
                <IconX size={16} color="var(--c-bad)" aria-label={t('senders.notOk')} />
              )}
              <Text size="sm">
                <b>{one.name}</b> {one.detail}
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Stack>
  );
}
