import { Button, Skeleton, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiProblem, call, orNull, tagged } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/states.tsx';
import { PauseSequence } from '../launches/PauseSequence.tsx';
import { Calendar } from './Calendar.tsx';
import { Messages } from './Messages.tsx';
import { Results } from './Results.tsx';
import { Versions } from './Versions.tsx';
import { draftKey, Workbench } from './Workbench.tsx';

const TABS = ['flow', 'messages', 'calendar', 'results', 'versions'] as const;
/** Of what is not published yet. */
const DRAFT_TABS = ['flow', 'messages', 'calendar'] as const;
/** About as wide as the buttons that will be there. */
const ACTIONS_WIDTH = 210;

/** One sequence: its flow with the YAML beside it, its messages, a month of it, its results, its versions. */
export function SequencePage() {
  const { t } = useTranslation('sequences');
  const { name } = useParams({ from: '/frame/sequences/$name' });
  const search = useSearch({ from: '/frame/sequences/$name' });
  const navigate = useNavigate();
  const isRep = useMe().role === 'rep';
  const found = useQuery({
    queryKey: draftKey(name),
    async queryFn({ signal }) {
      // Together, so that what was published is never taken for what is being written.
      const [published, draft] = await Promise.all([
        orNull(call('sequences.read', { path: { name } }, { signal })),
        orNull(tagged('sequences.readDraft', { path: { name } }, { signal })),
      ]);
      return { published, draft };
    },
    refetchOnWindowFocus: 'always',
  });
  const tab = TABS.find((one) => one === search.tab) ?? 'flow';
  const tabs = (shown: readonly (typeof TABS)[number][]) => (
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
  );
  // A question that fails later takes nothing away that is there: somebody may be typing.
  if (found.data === undefined)
    return found.error ? (
      <Page title={name}>
        <Failed error={found.error} retry={() => void found.refetch()} />
      </Page>
    ) : (
      <Page full title={name} actions={<Skeleton w={ACTIONS_WIDTH} h={36} />} bar={tabs(TABS)}>
        <Loading />
      </Page>
    );
  const { published: version, draft } = found.data;
  const source = draft?.answer.source ?? version?.source;
  if (source === undefined)
    return (
      <Page title={name}>
        <Failed error={new ApiProblem(404, 'not_found', '')} />
      </Page>
    );
  return (
    <Page
      full
      title={version?.title ?? name}
      actions={
        version && (
          <>
            <PauseSequence id={version.sequenceId} title={version.title} />
            <Button
              renderRoot={(props) => (
                <Link to="/launches/new" search={{ sequence: name, version: version.id }} {...props} />
              )}
            >
              {t('launch')}
            </Button>
          </>
        )
      }
      bar={tabs(version ? TABS : DRAFT_TABS)}
    >
      {tab === 'flow' && (
        <Workbench
          key={name}
          name={name}
          kept={{ source, version: draft?.version ?? null, by: draft?.answer.changedBy ?? null }}
          published={version}
          readOnly={isRep}
        />
      )}
      {tab === 'messages' && (
        <Messages name={name} source={draft ? source : null} step={search.step ?? null} />
      )}
      {tab === 'calendar' && <Calendar name={name} source={draft ? source : null} />}
      {tab === 'results' && version && (
        <Results name={name} by={search.measure ?? null} version={search.version ?? null} />
      )}
      {tab === 'versions' && version && <Versions name={name} />}
    </Page>
  );
}
