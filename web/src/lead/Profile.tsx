import { Button, Group, Select, SimpleGrid, Stack, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer, type Needs } from '../api/client.ts';
import { useMe } from '../shell/session.ts';
import { AttributeRows, likeBefore, ofRows, toRows } from '../ui/AttributeRows.tsx';
import { CHANNELS } from '../ui/channels.ts';
import { typed } from '../ui/form.ts';
import { done } from '../ui/notify.tsx';
import { leadKey } from './queries.ts';

type Lead = Answer<'leads.read'>;
type Changes = Needs<'leads.change'>['body'];

const TEXTS = [
  'firstName',
  'lastName',
  'title',
  'company',
  'linkedinUrl',
  'country',
  'locale',
  'timeZone',
  'persona',
  'owner',
  'externalId',
] as const;

/** A lead's fields, to be read and changed. What somebody else changed meanwhile is not overwritten. */
export function Profile({ lead, version }: { lead: Lead; version: string | null }) {
  const client = useQueryClient();
  const { t } = useTranslation('lead');
  const save = useMutation({
    mutationFn: (body: Changes) =>
      call('leads.change', { path: { id: lead.id }, body }, version ? { ifMatch: version } : {}),
    onSuccess() {
      done(t('profile.saved'));
      void client.invalidateQueries({ queryKey: leadKey(lead.id) });
      void client.invalidateQueries({ queryKey: ['leads'] });
    },
  });
  return <LeadForm lead={lead} saving={save.isPending} onSave={(changes) => save.mutate(changes)} />;
}

/** The fields of a lead; of a new one without `lead`. */
export function LeadForm({
  lead,
  saving,
  onSave,
}: {
  lead?: Lead;
  saving: boolean;
  onSave: (changes: Changes) => void;
}) {
  const { t } = useTranslation(['lead', 'common']);
  const isRep = useMe().role === 'rep';
  const [emails, setEmails] = useState<string[]>([...(lead?.emails ?? [])]);
  const [phones, setPhones] = useState<string[]>([...(lead?.phones ?? [])]);
  const [channel, setChannel] = useState<Lead['preferredChannel']>(lead?.preferredChannel ?? null);
  const [attributes, setAttributes] = useState(() => toRows(lead?.attributes ?? {}));
  return (
    <form
      onSubmit={(event) => {
        const texts = typed<(typeof TEXTS)[number]>(event);
        const { owner, ...others } = Object.fromEntries(
          TEXTS.map((name) => [name, texts[name] || null]),
        ) as Record<(typeof TEXTS)[number], string | null>;
        onSave({
          ...others,
          ...(!isRep && { owner }),
          emails,
          phones,
          preferredChannel: channel,
          attributes: likeBefore(ofRows(attributes), lead?.attributes ?? {}),
        });
      }}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2 }} verticalSpacing="sm">
          {TEXTS.slice(0, 4).map((name) => (
            <TextInput
              key={name}
              name={name}
              label={t(`profile.${name}`)}
              defaultValue={lead?.[name] ?? ''}
            />
          ))}
          <TagsInput
            label={t('profile.emails')}
            value={emails}
            onChange={setEmails}
            placeholder={emails.length === 0 ? t('profile.enter') : ''}
            acceptValueOnBlur
          />
          <TagsInput
            label={t('profile.phones')}
            value={phones}
            onChange={setPhones}
            placeholder={phones.length === 0 ? t('profile.enter') : ''}
            acceptValueOnBlur
          />
          {TEXTS.slice(4).map((name) => (
            <TextInput
              key={name}
              name={name}
              label={t(`profile.${name}`)}
              defaultValue={lead?.[name] ?? ''}
              disabled={name === 'owner' && isRep}
            />
          ))}
          <Select
            label={t('profile.preferredChannel')}
            data={CHANNELS.map((value) => ({ value, label: t(`common:channel.${value}`) }))}
            value={channel}
            placeholder={t('profile.noPreference')}
            clearable
            onChange={(value) => setChannel(CHANNELS.find((one) => one === value) ?? null)}
          />
        </SimpleGrid>
        <AttributeRows
          label={t('profile.attributes')}
          rows={attributes}
          names="[a-z_][a-z0-9_]*"
          onChange={setAttributes}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={saving}>
            {t('common:action.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
