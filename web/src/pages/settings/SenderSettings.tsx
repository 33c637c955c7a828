import { Fieldset, JsonInput, NumberInput, SimpleGrid, Stack, Switch, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import {
  providerOf,
  settingAt,
  withSetting,
  type Field,
  type Part,
  type Settings,
} from './sender-providers.ts';
import classes from './Settings.module.css';

/** Of a JSON that is typed at: null while it is none. */
function parsed(json: string): Settings | null {
  try {
    const value: unknown = JSON.parse(json || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Settings) : null;
  } catch {
    return null;
  }
}

export interface Typed {
  readonly settings: Settings;
  /** What is typed at while it is no JSON; null: the settings as they are. */
  readonly unread: string | null;
}

export interface SenderSettingsProps {
  readonly provider: string;
  readonly typed: Typed;
  readonly onChange: (typed: Typed) => void;
}

/** Hosts, ports and accounts: the usual ones as fields, everything as JSON. */
export function SenderSettings({ provider, typed: { settings, unread }, onChange }: SenderSettingsProps) {
  const { t } = useTranslation('settings');
  const known = providerOf(provider);
  const change = (to: Settings) => onChange({ settings: to, unread: null });
  const fields = (some: readonly Field[]) =>
    some.length > 0 && (
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        {some.map((field) => (
          <SettingField key={field.path} field={field} settings={settings} onChange={change} />
        ))}
      </SimpleGrid>
    );
  return (
    <Fieldset legend={t('senders.settings')}>
      <Stack gap="sm">
        {known && fields(known.fields(settings))}
        {Object.entries(known?.parts ?? {}).map(([part, of]) => (
          <Stack key={part} gap="sm">
            <Switch
              label={t(`senders.part.${part as Part}`)}
              description={t(`senders.partHint.${part as Part}`)}
              checked={settings[part] !== undefined}
              onChange={(event) =>
                change(withSetting(settings, part as Part, event.currentTarget.checked ? {} : undefined))
              }
            />
            {settings[part] !== undefined && fields(of(settings))}
          </Stack>
        ))}
        <details className={classes.details}>
          <summary>{t('senders.asJson')}</summary>
          <JsonInput
            label={t('senders.allSettings')}
            description={t('senders.settingsHint')}
            error={unread !== null && t('senders.notJson')}
            value={unread ?? JSON.stringify(settings, null, 2)}
            onChange={(json) => {
              const read = parsed(json);
              onChange(read ? { settings: read, unread: null } : { settings, unread: json });
            }}
            autosize
            minRows={4}
            maxRows={14}
          />
        </details>
      </Stack>
    </Fieldset>
  );
}

function SettingField({
  field: { path, kind, required = false, placeholder },
  settings,
  onChange,
}: {
  field: Field;
  settings: Settings;
  onChange: (settings: Settings) => void;
}) {
  const { t } = useTranslation('settings');
  const value = settingAt(settings, path);
  const shared = {
    label: t(`senders.setting.${path.replace('.', '_') as 'host'}`),
    required,
    ...(placeholder !== undefined && { placeholder }),
  };
  if (kind === 'port')
    return (
      <NumberInput
        {...shared}
        value={typeof value === 'number' ? value : ''}
        min={1}
        max={65_535}
        allowDecimal={false}
        hideControls
        thousandSeparator=""
        onChange={(port) => onChange(withSetting(settings, path, port === '' ? undefined : Number(port)))}
      />
    );
  return (
    <TextInput
      {...shared}
      type={kind}
      maxLength={500}
      value={typeof value === 'string' ? value : ''}
      onChange={({ currentTarget: { value: text } }) =>
        onChange(withSetting(settings, path, text === '' ? undefined : text))
      }
    />
  );
}
