import { ActionIcon, Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, tagged, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { CHANNELS } from '../../ui/channels.ts';
import { typed } from '../../ui/form.ts';
import { done } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Loaded } from '../../ui/states.tsx';
import { Stale } from './Stale.tsx';
import { useDraft } from './use-draft.ts';

type Policy = Answer<'consentPolicy.read'>['policy'];
type Channel = Policy[string][number];
/** Every country that is not named. */
const OTHERS = '*';

/** Where a consent is needed before a channel may be used. */
export function Consent() {
  const policy = useQuery({
    queryKey: ['consent-policy'],
    queryFn: ({ signal }) => tagged('consentPolicy.read', undefined, { signal }),
  });
  return (
    <Loaded query={policy} rows={4}>
      {({ answer, version }) => <Own there={answer.policy} version={version ?? ''} />}
    </Loaded>
  );
}

function Own({ there, version }: { there: Policy; version: string }) {
  const { t, i18n } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const draft = useDraft(there, version);
  const policy = draft.value;
  const [unknown, setUnknown] = useState(false);
  const save = useMutation({
    mutationFn: () => call('consentPolicy.write', { body: { policy } }, { ifMatch: draft.version }),
    onSuccess() {
      done(t('saved'));
      draft.settle();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['consent-policy'] }),
  });
  const regions = new Intl.DisplayNames(i18n.language, { type: 'region', fallback: 'none' });
  const nameOf = (country: string) =>
    country === OTHERS ? t('consent.others') : (regions.of(country) ?? country);
  const named = Object.keys(policy)
    .filter((country) => country !== OTHERS)
    .toSorted((one, other) => nameOf(one).localeCompare(nameOf(other), i18n.language));
  const toggle = (country: string, channel: Channel, needed: boolean) => {
    const asked = policy[country] ?? [];
    draft.change({
      ...policy,
      [country]: CHANNELS.filter((one) => (one === channel ? needed : asked.includes(one))),
    });
  };
  return (
    <Card title={t('part.consent')} flush>
      <Stack p="md" gap="xs">
        <Text maw={640}>{t('consent.hint')}</Text>
        <Stale of={draft} />
        <form
          onSubmit={(event) => {
            const country = typed<'country'>(event).country.toUpperCase();
            const known = /^[A-Z]{2}$/.test(country) && regions.of(country) !== undefined;
            setUnknown(!known);
            if (!known) return;
            draft.change({ [country]: [], ...policy });
            event.currentTarget.reset();
          }}
        >
          <Group align="end" gap="sm">
            <TextInput
              name="country"
              label={t('consent.code')}
              required
              maxLength={2}
              w={200}
              placeholder="DE"
              error={unknown && t('consent.unknown')}
            />
            <Button type="submit" variant="default">
              {t('common:action.add')}
            </Button>
          </Group>
        </form>
      </Stack>
      <Rows
        label={t('part.consent')}
        rows={[...named, OTHERS]}
        rowKey={(country) => country}
        columns={[
          { key: 'country', header: t('calendars.country'), render: (country) => nameOf(country) },
          ...CHANNELS.map((channel) => ({
            key: channel,
            header: t(`common:channel.${channel}`),
            render: (country: string) => (
              <Checkbox
                aria-label={`${nameOf(country)}: ${t(`common:channel.${channel}`)}`}
                checked={policy[country]?.includes(channel) ?? false}
                onChange={(event) => toggle(country, channel, event.currentTarget.checked)}
              />
            ),
          })),
          {
            key: 'act',
            header: '',
            render: (country) =>
              country !== OTHERS && (
                <ActionIcon
                  aria-label={`${t('common:action.remove')}: ${nameOf(country)}`}
                  onClick={() => {
                    const { [country]: _, ...rest } = policy;
                    draft.change(rest);
                  }}
                >
                  <IconX size={16} aria-hidden />
                </ActionIcon>
              ),
          },
        ]}
      />
      <Group p="md">
        <Button loading={save.isPending} onClick={() => save.mutate()}>
          {t('common:action.save')}
        </Button>
      </Group>
    </Card>
  );
}
