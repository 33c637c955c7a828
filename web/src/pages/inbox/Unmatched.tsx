import { Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowLeft } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { LeadName } from '../../ui/LeadName.tsx';
import classes from './Inbox.module.css';

/** A message of nobody that is known: whose is it? */
export function Unmatched({
  message,
  onBack,
}: {
  message: Answer<'inbox.list'>['items'][number];
  onBack: () => void;
}) {
  const { t } = useTranslation(['inbox', 'common']);
  const client = useQueryClient();
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const found = useQuery({
    queryKey: ['leads', 'pick', q],
    queryFn: ({ signal }) => call('leads.list', { query: { q, limit: 6 } }, { signal }),
    enabled: q.length > 1,
    placeholderData: (before) => before,
  });
  const match = useMutation({
    mutationFn: (leadId: string | null) =>
      call('inbox.match', { path: { id: message.id }, body: { leadId } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['inbox'] }),
  });
  const drop = useMutation({
    mutationFn: () => call('inbox.class', { path: { id: message.id }, body: { class: 'other' } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['inbox'] }),
  });
  return (
    <section className={classes.conversation} aria-label={t('conversation')}>
      <Stack p="lg">
        <Button
          className={classes.back}
          variant="subtle"
          size="compact-sm"
          onClick={onBack}
          leftSection={<IconArrowLeft size={16} aria-hidden />}
          style={{ alignSelf: 'start' }}
        >
          {t('common:action.back')}
        </Button>
        <Title order={2}>{t('match.title', { address: message.address ?? t('unknown') })}</Title>
        <p className={classes.body}>
          <bdi>{message.body}</bdi>
        </p>
        <Group>
          {message.maybe && (
            <Button loading={match.isPending} onClick={() => match.mutate(null)}>
              {t('match.maybe', { name: message.maybe.name ?? t('unknown') })}
            </Button>
          )}
          <Button variant="default" loading={drop.isPending} onClick={() => drop.mutate()}>
            {t('match.nobody')}
          </Button>
        </Group>
        <TextInput
          label={t('match.find')}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          maw={420}
        />
        <Stack gap="xs" maw={420}>
          {q.length > 1 &&
            (found.data?.items ?? []).map((lead) => (
              <Button
                key={lead.id}
                variant="default"
                justify="flex-start"
                h="auto"
                py={6}
                onClick={() => match.mutate(lead.id)}
              >
                <LeadName
                  name={lead.name ?? lead.email ?? lead.id}
                  title={lead.title}
                  company={lead.company}
                />
              </Button>
            ))}
          {q.length > 1 && found.data?.items.length === 0 && <Text c="dimmed">{t('match.none')}</Text>}
        </Stack>
      </Stack>
    </section>
  );
}
