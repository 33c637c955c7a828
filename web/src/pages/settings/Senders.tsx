import { Button, Drawer, Group, Stack, Text } from '@mantine/core';
import { IconCheck, IconMail, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, tagged, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { usePauses } from '../launches/controls.ts';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { done } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { useHealth, type Health, type Sender, type SenderDays } from './sender-health.ts';
import { SenderForm } from './SenderForm.tsx';
import { SenderDaysTable, SenderTrend } from './SenderTrend.tsx';
import classes from './SenderTrend.module.css';

/** So many senders are asked for at once. */
const AT_ONCE = 100;

/** What each sender did on its last days. */
async function daysOf(senders: readonly Sender[], signal: AbortSignal) {
  const found = new Map<string, SenderDays>();
  for (let from = 0; from < senders.length; from += AT_ONCE) {
    const ids = senders.slice(from, from + AT_ONCE).map(({ id }) => id);
    const { items } = await call('senders.days', { query: { ids: ids.join(',') } }, { signal });
    for (const one of items) found.set(one.senderId, one);
  }
  return found;
}

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
  const all = senders.data?.items;
  const days = useQuery({
    queryKey: ['senders', 'days', all?.map((sender) => sender.id)],
    queryFn: ({ signal }) => daysOf(all!, signal),
    enabled: all !== undefined && all.length > 0,
    staleTime: 60_000,
    placeholderData: (before) => before,
  }).data;
  const pauses = usePauses().data?.items;
  const judge = useHealth();
  const health = (sender: Sender) =>
    judge(
      sender,
      days?.get(sender.id),
      pauses?.find(({ scope, scopeId }) => scope === 'sender' && scopeId === sender.id),
    );
  const open = (to?: string) =>
    void navigate({ to: '/settings/$part', params: { part: 'senders' }, search: to ? { id: to } : {} });
  const chosen = all?.find((sender) => sender.id === id) ?? null;
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
                    <Group gap="xs" wrap="nowrap">
                      <Channel channel={sender.channel} bare />
                      <div className={classes.who}>
                        <bdi>{sender.name}</bdi>
                        <div title={sender.address}>{sender.address}</div>
                      </div>
                    </Group>
                  ),
                },
                {
                  key: 'health',
                  header: t('senders.health'),
                  render: (sender) => {
                    const { why, ...one } = health(sender);
                    return (
                      <>
                        <Badge tone={one.tone}>{one.word}</Badge>
                        {why && <div className={classes.why}>{why}</div>}
                      </>
                    );
                  },
                },
                {
                  key: 'days',
                  header: t('senders.trend.title'),
                  wide: true,
                  render: (sender) => {
                    const own = days?.get(sender.id);
                    return own ? (
                      <SenderTrend sender={sender} days={own} />
                    ) : (
                      <div className={classes.waiting} />
                    );
                  },
                },
                {
                  key: 'caps',
                  header: t('senders.caps'),
                  wide: true,
                  render: (sender) => <Capacity of={sender} />,
                },
                {
                  key: 'open',
                  header: '',
                  render: (sender) => (
                    <Button
                      size="compact-sm"
                      variant="default"
                      aria-label={t('senders.openOne', { name: sender.name })}
                      onClick={() => open(sender.id)}
                    >
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
        {chosen && (
          <HealthPanel key={chosen.id} sender={chosen} health={health(chosen)} days={days?.get(chosen.id)} />
        )}
        {isAdmin && id === 'new' && <SenderForm sender={null} version={null} onDone={() => open()} />}
        {isAdmin && chosen && <Change key={chosen.id} id={chosen.id} onDone={() => open()} />}
      </Drawer>
    </Card>
  );
}

/** The form, with what is there when it is opened: what somebody else saves meanwhile is not overwritten. */
function Change({ id, onDone }: { id: string; onDone: () => void }) {
  const opened = useQuery({
    queryKey: ['sender', id],
    queryFn: ({ signal }) => tagged('senders.read', { path: { id } }, { signal }),
    staleTime: Infinity,
    gcTime: 0,
  });
  return (
    <Loaded query={opened} rows={6}>
      {({ answer, version }) => <SenderForm sender={answer} version={version} onDone={onDone} />}
    </Loaded>
  );
}

/** Used of today's limit, by action: `email 12/40`; and the week's limit where there is one. */
function Capacity({ of: sender }: { of: Sender }) {
  const { t } = useTranslation(['settings', 'launches']);
  const actions = Object.entries(sender.caps);
  const others = Object.entries(sender.usedToday).filter(([action]) => !(action in sender.caps));
  if (actions.length + others.length === 0) return t('senders.noCaps');
  return (
    <Stack gap={2}>
      {actions.map(([action, { day, week }]) => (
        <span key={action}>
          {t('senders.used', {
            action: t(`launches:action.${action as 'email'}`),
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
        <span key={action}>
          {t('senders.used', { action: t(`launches:action.${action as 'email'}`), used, of: '∞' })}
        </span>
      ))}
    </Stack>
  );
}

function HealthPanel({
  sender,
  health,
  days,
}: {
  sender: Sender;
  health: Health;
  days: SenderDays | undefined;
}) {
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
        <Badge tone={health.tone}>{health.word}</Badge>
        <Text span size="sm" c="dimmed">
          {[sender.address, sender.timeZone, sender.owner].filter(Boolean).join(' · ')}
        </Text>
      </Group>
      {health.why && (
        <Notice
          tone={health.tone === 'bad' ? 'bad' : health.tone === 'accent' ? 'accent' : 'warn'}
          title={health.word}
        >
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {health.why}
          </Text>
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
      <div>
        <Group justify="space-between" align="end" mb="xs">
          <Stack gap={4}>
            <Text fw={600}>{t('senders.trend.title')}</Text>
            <Text span size="sm">
              {t('senders.today')} <Capacity of={sender} />
            </Text>
          </Stack>
          {days && <SenderTrend sender={sender} days={days} />}
        </Group>
        {days && (
          <details className={classes.details}>
            <summary>{t('senders.trend.table')}</summary>
            <SenderDaysTable sender={sender} days={days} />
          </details>
        )}
      </div>
    </Stack>
  );
}
