import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionGroupData, type SpotlightFilterFunction } from '@mantine/spotlight';
import {
  IconKeyboard,
  IconMoon,
  IconRoute,
  IconSearch,
  IconSend,
  IconSun,
  IconUser,
  type Icon,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';
import { fold } from '../ui/fold.ts';
import { PLACES } from './places.ts';

/** Marks what the server found: that fits already. */
const FOUND = 'found';

const fits: SpotlightFilterFunction = (query, groups) =>
  (groups as SpotlightActionGroupData[])
    .map(({ group, actions }) => ({
      group,
      actions: actions.filter(
        ({ label = '', keywords }) => keywords === FOUND || fold(label).includes(fold(query.trim())),
      ),
    }))
    .filter(({ actions }) => actions.length > 0);

const picture = (Picture: Icon) => <Picture size={18} stroke={1.5} aria-hidden />;

/** Everything by its name: `/` or Ctrl K. */
export function Palette({ onKeys }: { onKeys: () => void }) {
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
        ...PLACES.map(({ to, name, icon }) => ({
          id: name,
          label: t(`nav.${name}`),
          leftSection: picture(icon),
          onClick: go(to),
        })),
        {
          id: 'light',
          label: t('palette.light'),
          leftSection: picture(IconSun),
          onClick: () => setColorScheme('light'),
        },
        {
          id: 'dark',
          label: t('palette.dark'),
          leftSection: picture(IconMoon),
          onClick: () => setColorScheme('dark'),
        },
        { id: 'keys', label: t('keys.title'), leftSection: picture(IconKeyboard), onClick: onKeys },
      ],
    },
    {
      group: t('palette.leads'),
      actions: (found.data?.leads ?? []).map(({ id, name, email, company }) => ({
        id,
        label: name || (email ?? id),
        leftSection: picture(IconUser),
        keywords: FOUND,
        ...(company && { description: company }),
        onClick: go(`/leads/${id}`),
      })),
    },
    {
      group: t('palette.sequences'),
      actions: (found.data?.sequences ?? []).map(({ name, title }) => ({
        id: `sequence ${name}`,
        label: title,
        leftSection: picture(IconRoute),
        keywords: FOUND,
        onClick: go(`/sequences/${name}`),
      })),
    },
    {
      group: t('palette.launches'),
      actions: (found.data?.launches ?? []).map(({ id, name, sequence }) => ({
        id,
        label: name,
        leftSection: picture(IconSend),
        description: sequence,
        keywords: FOUND,
        onClick: go(`/launches/${id}`),
      })),
    },
  ];
  return (
    <Spotlight
      actions={actions}
      filter={fits}
      shortcut={['mod + K']}
      query={typed}
      onQueryChange={setTyped}
      nothingFound={t('palette.empty')}
      highlightQuery
      attributes={{ content: { 'aria-label': t('palette.open') } }}
      overlayProps={{ blur: 0, backgroundOpacity: 0.35 }}
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
