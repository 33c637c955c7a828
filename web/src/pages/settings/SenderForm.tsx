import {
  Button,
  Fieldset,
  Group,
  JsonInput,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Stack,
  TextInput,
} from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Needs } from '../../api/client.ts';
import { done } from '../../ui/notify.tsx';
import { SENDER_CHANNELS } from '../../ui/channels.ts';
import { ZONES } from '../../ui/time.ts';
import type { Sender } from './sender-health.ts';

type Channel = Sender['channel'];

/** By which providers a channel is sent, and the secrets that each needs (as the adapters call them). */
const PROVIDERS: Readonly<
  Record<Channel, readonly { readonly name: string; readonly secrets: readonly string[] }[]>
> = {
  email: [{ name: 'smtp', secrets: ['password'] }],
  linkedin: [
    { name: 'manual', secrets: [] },
    { name: 'unipile', secrets: ['apiKey', 'webhookSecret'] },
  ],
  sms: [{ name: 'twilio', secrets: ['authToken'] }],
  whatsapp: [{ name: 'twilio', secrets: ['authToken'] }],
  call: [
    { name: 'manual', secrets: [] },
    { name: 'twilio', secrets: ['authToken'] },
  ],
  task: [{ name: 'manual', secrets: [] }],
};
/** What a new sender's settings look like, to be filled in. */
const SETTINGS: Readonly<Record<string, object>> = {
  smtp: { host: 'smtp.example.com', port: 587, imap: { host: 'imap.example.com' } },
  unipile: { baseUrl: 'https://api1.unipile.com:13111', accountId: '' },
  twilio: { accountSid: 'AC…' },
  manual: {},
};
/** The touches of a channel that are capped. */
const CAPPED: Readonly<Record<Channel, readonly (keyof Sender['caps'])[]>> = {
  email: ['email'],
  linkedin: ['visit', 'invite', 'message'],
  sms: ['sms'],
  whatsapp: ['whatsapp'],
  call: ['call'],
  task: ['task'],
};

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
  const [settings, setSettings] = useState(JSON.stringify(sender?.settings ?? SETTINGS['smtp'], null, 2));
  const [caps, setCaps] = useState(sender?.caps ?? {});
  const [gap, setGap] = useState<string | number>(sender?.minGapSeconds ?? 120);
  const { secrets } = PROVIDERS[channel].find(({ name }) => name === provider) ?? { secrets: [] };
  const choose = (chosen: Channel, name: string) => {
    setChannel(chosen);
    setProvider(name);
    if (!sender) setSettings(JSON.stringify(SETTINGS[name] ?? {}, null, 2));
  };
  const read = (json: string) => {
    try {
      return JSON.parse(json || '{}') as Record<string, unknown>;
    } catch {
      throw new Error(t('senders.notJson'));
    }
  };
  const save = useMutation({
    async mutationFn(form: FormData) {
      const text = (name: string) => String(form.get(name) ?? '').trim();
      const given = secrets
        .map((name) => [name, text(`secret.${name}`)] as const)
        .filter(([, value]) => value);
      const body = {
        name: text('name'),
        owner: text('owner') || null,
        provider,
        timeZone: zone,
        settings: read(settings),
        caps: Object.fromEntries(
          Object.entries(caps).map(([action, { day, week }]) => [
            action,
            { ...(day != null && { day }), ...(week != null && { week }) },
          ]),
        ),
        minGapSeconds: Number(gap) || 0,
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
            onChange={(value) => {
              const chosen = SENDER_CHANNELS.find((one) => one === value) ?? 'email';
              choose(chosen, PROVIDERS[chosen][0]!.name);
            }}
          />
          <Select
            label={t('senders.provider')}
            data={PROVIDERS[channel].map(({ name }) => name)}
            value={provider}
            onChange={(value) => choose(channel, value ?? provider)}
          />
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
        <Fieldset legend={t('senders.caps')}>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            {CAPPED[channel].map((action) => (
              <Group key={action} grow>
                {(['day', 'week'] as const).map((period) => (
                  <NumberInput
                    key={period}
                    label={t(`senders.${period}`, { action: t(`launches:action.${action as 'email'}`) })}
                    min={0}
                    max={100_000}
                    allowDecimal={false}
                    hideControls
                    value={caps[action]?.[period] ?? ''}
                    onChange={(value) =>
                      setCaps({
                        ...caps,
                        [action]: { ...caps[action], [period]: value === '' ? null : Number(value) },
                      })
                    }
                  />
                ))}
              </Group>
            ))}
            <NumberInput
              label={t('senders.gap')}
              min={0}
              max={86_400}
              hideControls
              value={gap}
              onChange={setGap}
            />
          </SimpleGrid>
        </Fieldset>
        {secrets.length > 0 && (
          <Fieldset legend={t('senders.secrets')}>
            <Stack gap="xs">
              {secrets.map((name) => (
                <PasswordInput
                  key={name}
                  name={`secret.${name}`}
                  label={name}
                  autoComplete="off"
                  placeholder={sender?.hasCredentials ? t('senders.kept') : ''}
                />
              ))}
            </Stack>
          </Fieldset>
        )}
        <JsonInput
          label={t('senders.settings')}
          description={t('senders.settingsHint')}
          validationError={t('senders.notJson')}
          value={settings}
          onChange={setSettings}
          autosize
          minRows={4}
          maxRows={14}
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
