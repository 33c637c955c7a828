import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Popover,
  Select,
  Stack,
  Switch,
  TextInput,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconBookmark, IconFilter, IconSearch, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { useWord } from '../../lead/words.ts';
import { typed } from '../../ui/form.ts';
import { FILTERS, type Search } from './filter.ts';
import classes from './Leads.module.css';
import { useViews } from './views.ts';

const STATUSES = ['none', 'pending', 'running', 'finished', 'stopped'] as const;
const CONSENTS = ['unknown', 'given', 'refused'] as const;

/** The search field, the filters that are set, all that can be set, and views that were kept. */
export function Filters({
  search,
  onChange,
}: {
  search: Search;
  onChange: (changes: Search, replace?: boolean) => void;
}) {
  const { t } = useTranslation(['leads', 'lead', 'common']);
  const [text, setText] = useState(search.q ?? '');
  // What is in the address is in the field, unless it is on its way from there.
  const sent = useRef(search.q);
  useEffect(() => {
    if (search.q !== sent.current) setText(search.q ?? '');
    sent.current = search.q;
  }, [search.q]);
  const find = useDebouncedCallback((typed: string) => {
    sent.current = typed.trim() || undefined;
    onChange({ q: sent.current }, true);
  }, 200);
  const word = useWord();
  const set = FILTERS.filter((name) => name !== 'q' && search[name]);
  const say = (name: (typeof FILTERS)[number]): string => {
    const value = String(search[name]);
    if (name === 'status') return t(`lead:status.${value as 'none'}`);
    if (name === 'consent') return t(`lead:privacy.status.${value as 'given'}`);
    if (name === 'unowned') return t('filter.nobody');
    if (name === 'did') return word(value);
    return value;
  };
  return (
    <div className={classes.filters}>
      <TextInput
        className={classes.search!}
        aria-label={t('search')}
        placeholder={t('search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          find(event.currentTarget.value);
        }}
      />
      <More search={search} onChange={onChange} />
      {set.map((name) => (
        <Button
          key={name}
          variant="light"
          color="gray"
          size="compact-md"
          c="var(--mantine-color-text)"
          rightSection={<IconX size={14} aria-hidden />}
          aria-label={`${t('common:action.remove')}: ${t(`filter.${name}`)} ${say(name)}`}
          onClick={() => onChange({ [name]: undefined })}
        >
          {t(`filter.${name}`)}: {say(name)}
        </Button>
      ))}
      <Views search={search} onChange={onChange} />
    </div>
  );
}

function More({
  search,
  onChange,
}: {
  search: Search;
  onChange: (changes: Search, replace?: boolean) => void;
}) {
  const { t } = useTranslation(['leads', 'lead', 'common']);
  const word = useWord();
  const [open, setOpen] = useState(false);
  const facets = useQuery({
    queryKey: ['leads', 'facets'],
    queryFn: ({ signal }) => call('leads.facets', undefined, { signal }),
    enabled: open,
  }).data;
  const choose = (name: keyof Search, data: readonly (string | { value: string; label: string })[]) => (
    <Select
      label={t(`filter.${name as 'owner'}`)}
      data={[...data]}
      value={search[name] ?? null}
      onChange={(value) => onChange({ [name]: value ?? undefined })}
      clearable
      searchable
      openOnFocus={false}
      comboboxProps={{ withinPortal: false }}
    />
  );
  const write = (name: 'title' | 'is') => (
    <form onSubmit={(event) => onChange({ [name]: typed<'text'>(event).text || undefined })}>
      <TextInput
        key={search[name]}
        name="text"
        label={t(`filter.${name}`)}
        defaultValue={search[name] ?? ''}
      />
    </form>
  );
  const days = (name: 'withinDays' | 'silentDays') => (
    <NumberInput
      label={t(`filter.${name}`)}
      min={1}
      max={3650}
      value={search[name] === undefined ? '' : Number(search[name])}
      onChange={(value) => onChange({ [name]: value === '' ? undefined : String(value) }, true)}
    />
  );
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" width={340} trapFocus shadow="md">
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconFilter size={16} aria-hidden />}
          onClick={() => setOpen(!open)}
          aria-expanded={open}
        >
          {t('filters')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('filters')}>
        <Stack gap="xs" mah="60vh" style={{ overflowY: 'auto' }}>
          {choose(
            'status',
            STATUSES.map((value) => ({ value, label: t(`lead:status.${value}`) })),
          )}
          {choose('sequence', facets?.sequences ?? [])}
          {choose('owner', facets?.owners ?? [])}
          <Switch
            label={t('filter.unownedOnly')}
            checked={search.unowned !== undefined}
            onChange={(event) => onChange({ unowned: event.currentTarget.checked ? 'true' : undefined })}
          />
          {choose(
            'did',
            (facets?.events ?? []).map((value) => ({ value, label: word(value) })),
          )}
          {search.did && days('withinDays')}
          {days('silentDays')}
          {write('title')}
          {choose('persona', facets?.personas ?? [])}
          {choose('language', facets?.languages ?? [])}
          {choose('country', facets?.countries ?? [])}
          {choose(
            'consent',
            CONSENTS.map((value) => ({ value, label: t(`lead:privacy.status.${value}`) })),
          )}
          {choose('attribute', facets?.attributes ?? [])}
          {search.attribute && write('is')}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Filters under a name, kept with the account. */
function Views({ search, onChange }: { search: Search; onChange: (changes: Search) => void }) {
  const { t } = useTranslation(['leads', 'common']);
  const { views, keep, drop } = useViews();
  const nothing = Object.fromEntries(FILTERS.map((name) => [name, undefined]));
  return (
    <Popover position="bottom-end" width={260} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button
          variant="subtle"
          color="gray"
          c="var(--mantine-color-text)"
          leftSection={<IconBookmark size={16} aria-hidden />}
        >
          {t('views.title')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('views.title')}>
        <Stack gap="xs">
          {views.map((view) => (
            <Group key={view.id} wrap="nowrap" gap={4}>
              <Button
                flex={1}
                variant="subtle"
                color="gray"
                c="var(--mantine-color-text)"
                justify="flex-start"
                onClick={() => onChange({ ...nothing, ...view.filters })}
              >
                {view.name}
              </Button>
              <ActionIcon
                variant="subtle"
                color="gray"
                c="var(--mantine-color-text)"
                size="lg"
                aria-label={`${t('common:action.remove')}: ${view.name}`}
                onClick={() => drop(view.id)}
              >
                <IconX size={14} aria-hidden />
              </ActionIcon>
            </Group>
          ))}
          <form
            onSubmit={(event) => {
              const { name } = typed<'name'>(event);
              if (name) keep(name, search);
              event.currentTarget.reset();
            }}
          >
            <TextInput
              name="name"
              label={t('views.keep')}
              placeholder={t('views.name')}
              maxLength={60}
              autoComplete="off"
            />
          </form>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
