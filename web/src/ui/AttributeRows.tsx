import { ActionIcon, Button, Fieldset, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

type Value = string | number | boolean;
export type Attributes = readonly { readonly name: string; readonly value: string }[];

export const toRows = (attributes: Readonly<Record<string, unknown>>): Attributes =>
  Object.entries(attributes).map(([name, value]) => ({ name, value: String(value) }));

/** What has a name. */
export const ofRows = (rows: Attributes): Record<string, string> =>
  Object.fromEntries(rows.filter(({ name }) => name).map(({ name, value }) => [name, value]));

/** What was a number, or a yes or no, before stays one, as far as what was typed is. */
export const likeBefore = (
  typed: Readonly<Record<string, string>>,
  before: Readonly<Record<string, unknown>>,
): Record<string, Value> =>
  Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, read(text, before[name])]));

function read(text: string, before: unknown): Value {
  if (typeof before === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (typeof before === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

export interface AttributeRowsProps {
  readonly label: string;
  readonly hint?: string;
  readonly rows: Attributes;
  /** What a name may be. */
  readonly names?: string;
  readonly onChange: (rows: Attributes) => void;
}

/** Names and values, any number of them. */
export function AttributeRows({ label, hint, rows, names, onChange }: AttributeRowsProps) {
  const { t } = useTranslation();
  return (
    <Fieldset legend={label}>
      <Stack gap="xs" align="stretch">
        {hint && (
          <Text size="sm" c="dimmed">
            {hint}
          </Text>
        )}
        {rows.map(({ name, value }, index) => {
          const set = (changes: Partial<Attributes[number]>) =>
            onChange(rows.map((one, nth) => (nth === index ? { ...one, ...changes } : one)));
          return (
            // oxlint-disable-next-line react/no-array-index-key -- names change while they are typed
            <Group key={index} gap="xs" wrap="nowrap" align="end">
              <TextInput
                aria-label={t('attribute.name')}
                placeholder={t('attribute.name')}
                value={name}
                {...(names !== undefined && { pattern: names, title: t('attribute.nameHint') })}
                maxLength={60}
                onChange={(event) => set({ name: event.currentTarget.value })}
                flex={1}
              />
              <TextInput
                aria-label={`${t('attribute.value')}: ${name}`}
                placeholder={t('attribute.value')}
                value={value}
                onChange={(event) => set({ value: event.currentTarget.value })}
                flex={1}
              />
              <ActionIcon
                aria-label={`${t('action.remove')}: ${name}`}
                onClick={() => onChange(rows.filter((_, nth) => nth !== index))}
              >
                <IconX size={16} aria-hidden />
              </ActionIcon>
            </Group>
          );
        })}
        <Button
          variant="subtle"
          size="compact-sm"
          style={{ alignSelf: 'start' }}
          onClick={() => onChange([...rows, { name: '', value: '' }])}
        >
          {t('attribute.add')}
        </Button>
      </Stack>
    </Fieldset>
  );
}
