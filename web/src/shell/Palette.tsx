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
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';
import { fold } from '../ui/fold.ts';
import { paletteStore } from './palette-store.ts';
import { PLACES } from './places.ts';

/** Marks what the server found: that fits already, unless more was typed since. */
const FOUND = 'found';

const fits: SpotlightFilterFunction = (query, groups) =>
  (groups as SpotlightActionGroupData[])
    .map(({ group, actions }) => ({
      group,
      actions: actions.filter(
        ({ label = '', value }) => value === FOUND || fold(label).includes(fold(query.trim())),
      ),
    }))
    .filter(({ actions }) => actions.length > 0);

/** What Enter takes: the first of what is listed now, which may have come late, unless somebody moved to another. */
function choose(moved: boolean): HTMLButtonElement | undefined {
  const list = document.getElementById(paletteStore.getState().listId);
  const chosen = list?.querySelector<HTMLButtonElement>('[data-selected]');
  if (chosen && moved) return chosen;
  const first = list?.querySelector<HTMLButtonElement>('[data-action]') ?? undefined;
  chosen?.removeAttribute('data-selected');
  first?.setAttribute('data-selected', 'true');
  paletteStore.updateState((state) => ({ ...state, selected: first ? 0 : -1 }));
  return first;
}

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
  const wanted = typed.trim();
  const awaited = wanted.length > 1 && (wanted !== query || found.isPending || found.isPlaceholderData);
  const moved = useRef(false);
  const entered = useRef(false);
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
        value: FOUND,
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
        value: FOUND,
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
        value: FOUND,
        onClick: go(`/launches/${id}`),
      })),
    },
  ];
  const listed = JSON.stringify(fits(typed, actions));
  useEffect(() => {
    const chosen = choose(moved.current);
    if (!entered.current || awaited) return;
    entered.current = false;
    chosen?.click();
  }, [listed, awaited]);
  return (
    <Spotlight
      store={paletteStore}
      actions={actions}
      filter={fits}
      shortcut={['mod + K']}
      query={typed}
      onQueryChange={(text) => {
        moved.current = false;
        entered.current = false;
        setTyped(text);
      }}
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
        onKeyDownCapture(event) {
          if (/^Arrow(Up|Down)$/.test(event.code)) moved.current = true;
          if (!event.code.endsWith('Enter')) return;
          // The list may have come in this very moment.
          const chosen = choose(moved.current);
          // What was found for less than is typed is not what is meant: Enter waits for what is.
          if (!awaited || chosen?.value === '') return;
          entered.current = true;
          event.preventDefault();
          event.stopPropagation();
        },
      }}
    />
  );
}
