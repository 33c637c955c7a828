import {
  Button,
  Fieldset,
  Group,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Needs } from '../../api/client.ts';
import { AttributeRows, ofRows, toRows } from '../../ui/AttributeRows.tsx';
import { done } from '../../ui/notify.tsx';
import { SENDER_CHANNELS } from '../../ui/channels.ts';
import { ZONES } from '../../ui/time.ts';
import type { Sender } from './sender-health.ts';
import { SenderLimits, type Limits } from './SenderLimits.tsx';
import { SenderSettings, type Typed } from './SenderSettings.tsx';
import { PROVIDERS, PROVIDERS_OF, providerOf, USUAL_CAPS, type Template } from './sender-providers.ts';

type Channel = Sender['channel'];

/** Of a sender that says nothing else. */
const usual = (channel: Channel): Limits => ({
  caps: USUAL_CAPS[channel],
  rampUp: null,
  minGapSeconds: channel === 'task' ? 0 : 60,
  jitterSeconds: channel === 'task' ? 0 : 120,
  reputation: {},
});

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Adds or changes a sender. What is secret goes in and never comes out: an empty field keeps what is there. */
export function SenderForm({
  sender,
  version,
  onDone,
}: {
  sender: Sender | null;
  /** ETag of the sender as it is shown. */
  version: string | null;
  onDone: () => void;
}) {
  const { t } = useTranslation(['settings', 'common', 'launches']);
  const client = useQueryClient();
  // That of what the fields began with, whatever comes in meanwhile.
  const [ifMatch] = useState(version);
  const [channel, setChannel] = useState<Channel>(sender?.channel ?? 'email');
  const [provider, setProvider] = useState(sender?.provider ?? 'smtp');
  const [zone, setZone] = useState(sender?.timeZone ?? HERE);
  const [typed, setTyped] = useState<Typed>({
    settings: sender?.settings ?? PROVIDERS.smtp.templates[0].settings,
    unread: null,
  });
  const [template, setTemplate] = useState<Template>('password');
  const [limits, setLimits] = useState<Limits>(sender ?? usual('email'));
  const [attributes, setAttributes] = useState(() => toRows(sender?.attributes ?? {}));
  const known = providerOf(provider);
  const secrets = known?.secrets(typed.settings) ?? [];
  const choose = (chosen: Channel, name: string, by?: Template) => {
    setChannel(chosen);
    setProvider(name);
    if (sender) return;
    if (chosen !== channel) setLimits(usual(chosen));
    const templates = providerOf(name)?.templates ?? [];
    const one = templates.find((one) => one.name === by) ?? templates[0];
    setTemplate(one?.name ?? 'only');
    setTyped({ settings: one?.settings ?? {}, unread: null });
  };
  const save = useMutation({
    async mutationFn(form: FormData) {
      if (typed.unread !== null) throw new Error(t('senders.notJson'));
      const text = (name: string) => String(form.get(name) ?? '').trim();
      const given = secrets
        .map((name) => [name, text(`secret.${name}`)] as const)
        .filter(([, value]) => value);
      const body = {
        name: text('name'),
        owner: text('owner') || null,
        provider,
        timeZone: zone,
        settings: typed.settings,
        attributes: ofRows(attributes),
        caps: Object.fromEntries(
          Object.entries(limits.caps).map(([action, { day, week }]) => [
            action,
            { ...(day != null && { day }), ...(week != null && { week }) },
          ]),
        ),
        rampUp: limits.rampUp,
        minGapSeconds: limits.minGapSeconds,
        jitterSeconds: limits.jitterSeconds,
        reputation: limits.reputation,
        ...(given.length > 0 && { credentials: Object.fromEntries(given) }),
      } satisfies Needs<'senders.change'>['body'];
      if (!sender) return call('senders.add', { body: { ...body, channel, address: text('address') } });
      return call('senders.change', { path: { id: sender.id }, body }, { ifMatch: ifMatch! });
    },
    onSuccess() {
      done(t('saved'));
      void client.invalidateQueries({ queryKey: ['senders'] });
      onDone();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(new FormData(event.currentTarget));
      }}
    >
      <Stack>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select
            label={t('senders.channel')}
            data={SENDER_CHANNELS.map((value) => ({ value, label: t(`common:channel.${value}`) }))}
            value={channel}
            disabled={sender !== null}
            data-autofocus
            onChange={(value) => {
              const chosen = SENDER_CHANNELS.find((one) => one === value) ?? 'email';
              choose(chosen, PROVIDERS_OF[chosen][0]!);
            }}
          />
          <Select
            label={t('senders.provider')}
            data={[...new Set([...PROVIDERS_OF[channel], provider])]}
            value={provider}
            onChange={(value) => choose(channel, value ?? provider)}
          />
          {!sender && known && known.templates.length > 1 && (
            <Select
              label={t('senders.signsIn')}
              data={known.templates.map(({ name }) => ({
                value: name,
                label: t(`senders.template.${name as 'password'}`),
              }))}
              value={template}
              onChange={(value) => choose(channel, provider, value ?? template)}
            />
          )}
          <TextInput name="name" label={t('name')} required defaultValue={sender?.name} maxLength={200} />
          <TextInput
            name="address"
            label={t('senders.address')}
            required
            defaultValue={sender?.address}
            readOnly={sender !== null}
          />
          <TextInput name="owner" label={t('senders.owner')} defaultValue={sender?.owner ?? ''} />
          <Select
            label={t('senders.zone')}
            searchable
            data={[...ZONES]}
            value={zone}
            onChange={(value) => setZone(value ?? zone)}
          />
        </SimpleGrid>
        {provider !== 'manual' && (
          <SenderSettings key={provider} provider={provider} typed={typed} onChange={setTyped} />
        )}
        {secrets.length > 0 && (
          <Fieldset legend={t('senders.secrets')}>
            <Stack gap="xs">
              {secrets.map((name) => {
                const field = {
                  name: `secret.${name}`,
                  label: t(`senders.secret.${name}`),
                  autoComplete: 'off',
                  placeholder: sender?.hasCredentials ? t('senders.kept') : '',
                };
                return name === 'dkimPrivateKey' ? (
                  <Textarea key={name} {...field} autosize minRows={2} maxRows={6} />
                ) : (
                  <PasswordInput key={name} {...field} />
                );
              })}
            </Stack>
          </Fieldset>
        )}
        <SenderLimits channel={channel} limits={limits} onChange={setLimits} />
        <AttributeRows
          label={t('senders.attributes')}
          hint={t('senders.attributesHint')}
          rows={attributes}
          onChange={setAttributes}
        />
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {t('common:action.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
