import { Button, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiProblem, call, tagged } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/states.tsx';
import { Calendar } from './Calendar.tsx';
import { Messages } from './Messages.tsx';
import { Results } from './Results.tsx';
import { Versions } from './Versions.tsx';
import { Workbench } from './Workbench.tsx';

const TABS = ['flow', 'messages', 'calendar', 'results', 'versions'] as const;

/** null where there is none. */
const orNull = <Found,>(read: Promise<Found>): Promise<Found | null> =>
  read.catch((error: unknown) => {
    if (error instanceof ApiProblem && error.status === 404) return null;
    throw error;
  });

/** One sequence: its flow with the YAML beside it, its messages, a month of it, its results, its versions. */
export function SequencePage() {
  const { t } = useTranslation('sequences');
  const { name } = useParams({ from: '/frame/sequences/$name' });
  const search = useSearch({ from: '/frame/sequences/$name' });
  const navigate = useNavigate();
  const isRep = useMe().role === 'rep';
  const published = useQuery({
    queryKey: ['sequences', name, 'published'],
    queryFn: ({ signal }) => orNull(call('sequences.read', { path: { name } }, { signal })),
  });
  const draft = useQuery({
    queryKey: ['sequences', name, 'draft'],
    queryFn: ({ signal }) => orNull(tagged('sequences.readDraft', { path: { name } }, { signal })),
  });
  const tab = TABS.find((one) => one === search.tab) ?? 'flow';
  const error = published.error ?? draft.error;
  if (error)
    return (
      <Page title={name}>
        <Failed error={error} retry={() => void published.refetch()} />
      </Page>
    );
  if (published.data === undefined || draft.data === undefined)
    return (
      <Page title={name}>
        <Loading />
      </Page>
    );
  const version = published.data;
  const source = draft.data?.answer.source ?? version?.source;
  if (source === undefined)
    return (
      <Page title={name}>
        <Failed error={new ApiProblem(404, 'not_found', '')} />
      </Page>
    );
  const shown = version ? TABS : (['flow', 'messages', 'calendar'] as const);
  return (
    <Page
      full
      title={version?.title ?? name}
      actions={
        version && (
          <Button
            renderRoot={(props) => (
              <Link to="/launches/new" search={{ sequence: name, version: version.id }} {...props} />
            )}
          >
            {t('launch')}
          </Button>
        )
      }
      bar={
        <Tabs
          value={tab}
          onChange={(to) =>
            void navigate({
              to: '/sequences/$name',
              params: { name },
              search: to ? { tab: to } : {},
              replace: true,
            })
          }
        >
          <Tabs.List>
            {shown.map((one) => (
              <Tabs.Tab key={one} value={one} {...(one !== tab && { 'aria-controls': undefined })}>
                {t(`tab.${one}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
      }
    >
      {tab === 'flow' && (
        <Workbench
          key={draft.data?.version ?? version?.id}
          name={name}
          source={source}
          published={version}
          draftVersion={draft.data?.version ?? null}
          readOnly={isRep}
        />
      )}
      {tab === 'messages' && (
        <Messages name={name} source={draft.data ? source : null} step={search.step ?? null} />
      )}
      {tab === 'calendar' && <Calendar name={name} source={draft.data ? source : null} />}
      {tab === 'results' && version && <Results name={name} />}
      {tab === 'versions' && version && <Versions name={name} />}
    </Page>
  );
}
