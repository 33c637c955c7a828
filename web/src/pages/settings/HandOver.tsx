import { Button, Checkbox, Group, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { done } from '../../ui/notify.tsx';
import { usersQuery } from './Users.tsx';

/** All leads of one go to another, for good: counted first. */
export function HandOver() {
  const { t } = useTranslation('settings');
  const client = useQueryClient();
  const users = useQuery(usersQuery).data?.items ?? [];
  const people = users.map(({ id, name, email, disabledAt }) => ({
    value: id,
    label: `${name} (${email})${disabledAt ? ` · ${t('users.disabled')}` : ''}`,
    disabled: disabledAt !== null,
  }));
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const [tasks, setTasks] = useState(true);
  const chosen = from !== null && to !== null && from !== to;
  const request = (dryRun: boolean) =>
    call('users.handOver', { path: { id: from! }, body: { to: to!, leads: 'all', tasks, dryRun } });
  const counted = useQuery({
    queryKey: ['hand-over', from, to, tasks],
    queryFn: () => request(true),
    enabled: chosen,
    retry: false,
    staleTime: 0,
  });
  const run = useMutation({
    async mutationFn() {
      let leads = 0;
      for (let more = true; more;) {
        const page = await request(false);
        leads += page.leads;
        ({ more } = page);
      }
      return leads;
    },
    onSuccess(count) {
      done(t('handOver.done', { count }));
      void client.invalidateQueries();
    },
  });
  return (
    <Card title={t('handOver.title')}>
      <Stack maw={460}>
        <Select
          label={t('handOver.from')}
          data={people.map(({ value, label }) => ({ value, label }))}
          value={from}
          onChange={setFrom}
          searchable
        />
        <Select
          label={t('handOver.to')}
          data={people.filter(({ value }) => value !== from)}
          value={to}
          onChange={setTo}
          searchable
        />
        <Checkbox
          label={t('handOver.tasks')}
          checked={tasks}
          onChange={(event) => setTasks(event.currentTarget.checked)}
        />
        <Text size="sm" c="dimmed" aria-live="polite">
          {chosen && counted.data
            ? t('handOver.would', {
                count: counted.data.leads,
                tasks: counted.data.tasks,
                conversations: counted.data.conversations,
              })
            : t('handOver.hint')}
        </Text>
        <Group>
          <Button
            loading={run.isPending}
            disabled={!chosen || !counted.data || counted.data.leads + counted.data.tasks === 0}
            onClick={() => run.mutate()}
          >
            {t('handOver.run')}
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}
