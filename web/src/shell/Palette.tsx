import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';

const PAGES = ['today', 'inbox', 'leads', 'sequences', 'launches', 'analytics', 'settings'] as const;

/** Everything by its name: `/` or Ctrl K. */
export function Palette() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const [typed, setTyped] = useState('');
  const [query] = useDebouncedValue(typed.trim(), 150);
  const found = useQuery({
    queryKey: ['palette', query],
    queryFn: ({ signal }) => call('search', { query: { q: query } }, { signal }),
    enabled: query.length > 1,
    placeholderData: (before) => before,
  });
  const go = (to: string) => () => void navigate({ to });
  const actions: SpotlightActionGroupData[] = [
    {
      group: t('palette.actions'),
      actions: [
        ...PAGES.map((page) => ({ id: page, label: t(`nav.${page}`), onClick: go(`/${page}`) })),
        { id: 'light', label: t('palette.light'), onClick: () => setColorScheme('light') },
        { id: 'dark', label: t('palette.dark'), onClick: () => setColorScheme('dark') },
      ],
    },
    {
      group: t('palette.leads'),
      actions: (found.data?.leads ?? []).map(({ id, name, email, company }) => ({
        id,
        label: name || (email ?? id),
        keywords: query,
        ...(company && { description: company }),
        onClick: go(`/leads/${id}`),
      })),
    },
    {
      group: t('palette.sequences'),
      actions: (found.data?.sequences ?? []).map(({ name, title }) => ({
        id: `sequence ${name}`,
        label: title,
        keywords: query,
        onClick: go(`/sequences/${name}`),
      })),
    },
    {
      group: t('palette.launches'),
      actions: (found.data?.launches ?? []).map(({ id, name, sequence }) => ({
        id,
        label: name,
        description: sequence,
        keywords: query,
        onClick: go(`/launches/${id}`),
      })),
    },
  ];
  return (
    <Spotlight
      actions={actions}
      shortcut={['mod + K']}
      query={typed}
      onQueryChange={setTyped}
      nothingFound={t('palette.empty')}
      highlightQuery
      attributes={{ content: { 'aria-label': t('palette.open') } }}
      maxHeight={420}
      scrollable
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: t('palette.placeholder'),
        'aria-label': t('palette.open'),
      }}
    />
  );
}
