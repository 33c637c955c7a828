import { Checkbox, Group, Radio, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Loaded } from '../../ui/states.tsx';
import { MY_ZONE } from '../../ui/time.ts';
import { REVIEWS, type Choice } from './draft.ts';
import type { StepProps } from './NewLaunch.tsx';
import classes from './NewLaunch.module.css';

type Sender = Answer<'launches.senders'>['items'][number];

/** By whom, from when on, and who looks at messages before they go out. */
export function SendersStep(props: StepProps) {
  return (
    <>
      <Senders {...props} />
      <Start {...props} />
    </>
  );
}

function Senders({ choice, onChange }: StepProps) {
  const { t } = useTranslation(['launches', 'settings']);
  const isRep = useMe().role === 'rep';
  const versionId = choice.version!;
  const senders = useQuery({
    queryKey: ['senders', 'launch', versionId],
    queryFn: ({ signal }) => call('launches.senders', { query: { versionId } }, { signal }),
  });
  const chosen = choice.senders;
  const choose = (ids: readonly string[] | null) => onChange({ senders: ids?.join(',') });
  return (
    <Card title={t('step.senders')}>
      <Loaded query={senders} rows={3}>
        {({ items }) => {
          const usual = items.filter(({ named }) => named);
          return (
            <Stack>
              <Radio.Group
                aria-label={t('step.senders')}
                value={chosen === null ? 'usual' : 'own'}
                onChange={(value) => choose(value === 'usual' ? null : [])}
              >
                <Stack gap="xs">
                  <Radio
                    value="usual"
                    label={t(isRep ? 'senders.allOwn' : 'senders.usual')}
                    description={t('senders.names', { count: usual.length })}
                  />
                  <Radio value="own" label={t('senders.choose')} />
                </Stack>
              </Radio.Group>
              <ul className={classes.senders}>
                {(chosen === null ? usual : items).map((sender) => (
                  <li key={sender.id} className={classes.sender}>
                    {chosen === null ? (
                      <SenderName sender={sender} />
                    ) : (
                      <Checkbox
                        checked={chosen.includes(sender.id)}
                        onChange={(event) =>
                          choose(
                            event.currentTarget.checked
                              ? [...chosen, sender.id]
                              : chosen.filter((id) => id !== sender.id),
                          )
                        }
                        label={<SenderName sender={sender} />}
                      />
                    )}
                    <Room sender={sender} />
                  </li>
                ))}
              </ul>
              {items.length === 0 && (
                <Text size="sm" c="dimmed">
                  {t('senders.none')}
                </Text>
              )}
              {chosen?.length === 0 && items.length > 0 && (
                <Text size="sm" c="dimmed">
                  {t('senders.atLeastOne')}
                </Text>
              )}
            </Stack>
          );
        }}
      </Loaded>
    </Card>
  );
}

function SenderName({ sender }: { sender: Sender }) {
  const { t } = useTranslation('settings');
  return (
    <Group gap={8} component="span">
      <Channel channel={sender.channel} bare />
      <bdi>{sender.name}</bdi>
      <Text span size="xs" c="dimmed">
        {sender.address}
      </Text>
      {sender.brokenReason ? (
        <Badge tone="bad">{t('senders.broken')}</Badge>
      ) : (
        sender.paused && <Badge tone="warn">{t('senders.paused')}</Badge>
      )}
    </Group>
  );
}

/** What it used and has left today, by action. */
function Room({ sender: { today } }: { sender: Sender }) {
  const { t } = useTranslation('launches');
  if (today.length === 0)
    return (
      <Text span size="sm" c="dimmed">
        {t('senders.uncapped')}
      </Text>
    );
  return (
    <span className={classes.room}>
      {today.map(({ action, used, cap, free }) => (
        <span key={action}>
          {today.length > 1 && `${t(`action.${action}`)}: `}
          {cap === null
            ? t('senders.used', { count: used })
            : t('senders.usedOf', { used, cap, free: free ?? cap - used })}
        </span>
      ))}
    </span>
  );
}

/** Text that is kept in the address when somebody stops typing. */
function useTyped(value: string, keep: (value: string) => void) {
  const [text, setText] = useState(value);
  const later = useDebouncedCallback(keep, { delay: 300, flushOnUnmount: true });
  return {
    value: text,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => {
      setText(event.currentTarget.value);
      later(event.currentTarget.value);
    },
    onBlur: later.flush,
  };
}

function Start({ choice, onChange }: StepProps) {
  const { t } = useTranslation('launches');
  const at = useTyped(choice.at, (value) => onChange({ at: value || undefined }));
  const name = useTyped(choice.name, (value) => onChange({ name: value || undefined }));
  return (
    <Card title={t('start.title')}>
      <Stack maw={420}>
        <TextInput
          type="datetime-local"
          label={t('start.at')}
          description={
            choice.at
              ? t('start.zoneUtc', { zone: MY_ZONE, time: new Date(choice.at).toISOString().slice(11, 16) })
              : t('start.now', { zone: MY_ZONE })
          }
          {...at}
        />
        <Select
          label={t('review.title')}
          value={choice.review}
          onChange={(value) => onChange({ review: value ?? undefined })}
          data={REVIEWS.map((value) => ({ value, label: t(`review.${value}`) }))}
        />
        {choice.review !== 'as-written' && <Reviewer choice={choice} onChange={onChange} />}
        <TextInput label={t('nameIt')} placeholder={t('nameHint')} maxLength={200} {...name} />
      </Stack>
    </Card>
  );
}

function Reviewer({ choice, onChange }: { choice: Choice; onChange: StepProps['onChange'] }) {
  const { t } = useTranslation('launches');
  const people = useQuery({
    queryKey: ['colleagues'],
    queryFn: ({ signal }) => call('users.colleagues', undefined, { signal }),
  }).data?.items;
  return (
    <Select
      label={t('review.who')}
      searchable={(people?.length ?? 0) > 8}
      value={choice.reviewer}
      onChange={(value) => onChange({ reviewer: value || undefined })}
      data={[
        { value: '', label: t('review.owner') },
        ...(people ?? []).map(({ email, name }) => ({ value: email, label: `${name} (${email})` })),
      ]}
    />
  );
}
