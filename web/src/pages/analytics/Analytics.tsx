import { Button, Group, SegmentedControl, Tabs, TextInput } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';
import { Attribution } from './Attribution.tsx';
import { Expectation } from './Expectation.tsx';
import { lastDays, rangeOf, RANGES, ZONE } from './range.ts';
import { Summary } from './Summary.tsx';

const TABS = ['results', 'attribution', 'forecast'] as const;

/** What touches brought, which channels led there, and what is to be expected. */
export function Analytics() {
  const { t } = useTranslation('analytics');
  const search = useSearch({ from: '/frame/analytics' });
  const navigate = useNavigate();
  const change = (changes: Partial<typeof search>) =>
    void navigate({
      to: '/analytics',
      search: Object.fromEntries(
        Object.entries({ ...search, ...changes }).filter(([, value]) => value),
      ) as typeof search,
      replace: true,
    });
  const tab = TABS.find((one) => one === search.tab) ?? 'results';
  const preset = lastDays(30);
  const { from = preset.from, to = preset.to } = search;
  const range = { from, to, timeZone: ZONE };
  const chosen = rangeOf(from, to);
  return (
    <Page
      title={t('title')}
      bar={
        <>
          <Tabs value={tab} onChange={(one) => change({ tab: one ?? undefined })} mb="sm">
            <Tabs.List>
              {TABS.map((one) => (
                <Tabs.Tab key={one} value={one} {...(one !== tab && { 'aria-controls': undefined })}>
                  {t(`tab.${one}`)}
                </Tabs.Tab>
              ))}
            </Tabs.List>
          </Tabs>
          {tab !== 'forecast' && (
            <Group gap="xs">
              <SegmentedControl
                size="xs"
                aria-label={t('range.title')}
                value={chosen}
                onChange={(value) => value !== 'own' && change(lastDays(Number(value)))}
                data={[
                  ...RANGES.map((days) => ({ value: String(days), label: t('range.days', { count: days }) })),
                  ...(chosen === 'own' ? [{ value: 'own', label: t('range.own') }] : []),
                ]}
              />
              <TextInput
                size="xs"
                type="date"
                aria-label={t('range.from')}
                value={from}
                max={to}
                onChange={(event) => change({ from: event.currentTarget.value })}
              />
              <TextInput
                size="xs"
                type="date"
                aria-label={t('range.to')}
                value={to}
                min={from}
                onChange={(event) => change({ to: event.currentTarget.value })}
              />
              {(search.from ?? search.to) && (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  onClick={() => change({ from: undefined, to: undefined })}
                >
                  {t('range.reset')}
                </Button>
              )}
            </Group>
          )}
        </>
      }
    >
      {tab === 'results' && <Summary range={range} search={search} onChange={change} />}
      {tab === 'attribution' && (
        <Attribution range={range} model={search.model === 'last' ? 'last' : 'first'} onChange={change} />
      )}
      {tab === 'forecast' && <Expectation />}
    </Page>
  );
}
