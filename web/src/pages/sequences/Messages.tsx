import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { done, failed } from '../../ui/notify.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import classes from './Messages.module.css';

type Message = Answer<'sequences.preview'>['items'][number];
const SAMPLE = '';

/** Each message as a chosen lead would get it. */
export function Messages({
  name,
  source,
  step,
}: {
  name: string;
  source: string | null;
  step: string | null;
}) {
  const { t } = useTranslation('sequences');
  const [lead, setLead] = useState(SAMPLE);
  const leads = useQuery({
    queryKey: ['sequences', name, 'preview-leads'],
    queryFn: ({ signal }) => call('sequences.previewLeads', { path: { name } }, { signal }),
  });
  const messages = useQuery({
    queryKey: ['sequences', name, 'preview', source, lead],
    queryFn: ({ signal }) =>
      call('sequences.preview', { path: { name }, body: { source, lead: lead || null } }, { signal }),
    placeholderData: (before) => before,
    retry: false,
  });
  const isManager = useMe().role !== 'rep';
  const mail = useMutation({
    mutationFn: () => call('sequences.mailPreview', { path: { name }, body: { source, lead } }),
    onSuccess({ items }) {
      const refused = items.find(({ sent }) => !sent);
      if (refused) failed(t('notMailed', { step: refused.step, why: refused.detail ?? '' }));
      else if (items.length === 0) failed(t('noMails'));
      else done(t('mailedYou', { count: items.length }));
    },
  });
  return (
    <div className={classes.page}>
      <Group align="end">
        <Select
          label={t('previewFor')}
          w={300}
          searchable
          value={lead}
          onChange={(value) => setLead(value ?? SAMPLE)}
          data={[
            { value: SAMPLE, label: t('sample') },
            ...(leads.data?.items ?? []).map(({ id, name: called, company }) => ({
              value: id,
              label: [called, company].filter(Boolean).join(' · '),
            })),
          ]}
        />
        {isManager && lead !== SAMPLE && (
          <Button variant="default" loading={mail.isPending} onClick={() => mail.mutate()}>
            {t('mailMe')}
          </Button>
        )}
      </Group>
      <Loaded query={messages} rows={6}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('noMessages')} />
          ) : (
            <Stack>
              {items.map((message, index) => (
                <One key={`${message.step}${index}`} message={message} here={message.step === step} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </div>
  );
}

function One({ message, here }: { message: Message; here: boolean }) {
  const { t } = useTranslation('sequences');
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (here) place.current?.scrollIntoView({ block: 'start' });
  }, [here]);
  const problem = message.missing
    ? t('missing', { variable: message.missing })
    : (message.problem ?? message.noRoute);
  const { subject, title, text, attachments = [] } = message.rendered ?? {};
  return (
    <div ref={place} className={classes.message} data-here={here || undefined}>
      <Card
        title={message.step}
        actions={
          <Group gap="xs">
            <Channel channel={message.channel} />
            {message.to && (
              <Text span size="sm" c="dimmed">
                {t('to', { to: message.to })}
              </Text>
            )}
          </Group>
        }
      >
        {problem && <Badge tone="bad">{problem}</Badge>}
        {(subject ?? title) && (
          <Text fw={600} mb="xs">
            <bdi>{subject ?? title}</bdi>
          </Text>
        )}
        {text && (
          <p className={classes.text}>
            <bdi>{text}</bdi>
          </p>
        )}
        <Text size="xs" c="dimmed" mt="sm">
          {message.sender && t('by', { name: message.sender.name, address: message.sender.address })}
          {attachments.length > 0 && ` · ${attachments.map(({ name }) => name).join(', ')}`}
        </Text>
      </Card>
    </div>
  );
}
