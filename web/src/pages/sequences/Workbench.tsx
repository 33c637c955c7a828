import { Button, Group, Modal, SegmentedControl, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem, call, tagged, type Answer } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { Badge } from '../../ui/Badge.tsx';
import { useMe } from '../../shell/session.ts';
import { done, soon } from '../../ui/notify.tsx';
import { Loading } from '../../ui/states.tsx';
import { Meanwhile } from './Meanwhile.tsx';
import { Publish } from './Publish.tsx';
import { Steps } from './Steps.tsx';
import { useNarrow } from '../../ui/narrow.ts';
import classes from './Workbench.module.css';
import { Unsaved } from './Unsaved.tsx';
import { useUnsaved } from './use-unsaved.ts';
import { newestBegun, useVersions } from './versions.ts';
import { useWriting, type Kept } from './writing.ts';

// The picture and the editor are large, and most pages need neither.
const Flow = lazy(() => import('./Flow.tsx'));
const Editor = lazy(() => import('./Editor.tsx'));

/** Under which name the app knows a sequence and its draft. */
export const draftKey = (name: string) => ['sequences', name, 'draft'] as const;

/** No answer, or none that says anything. */
const isAway = (error: unknown): boolean =>
  error instanceof ApiProblem && (error.status === 0 || error.status >= 500);

export interface WorkbenchProps {
  readonly name: string;
  /** The draft, or what is published where there is none. */
  readonly kept: Kept;
  readonly published: Answer<'sequences.read'> | null;
  readonly readOnly: boolean;
}

/** The flow, and beside it the YAML of which it is made; the picture follows what is typed. */
export function Workbench({ name, kept, published, readOnly }: WorkbenchProps) {
  const { t } = useTranslation(['sequences', 'common']);
  const client = useQueryClient();
  const navigate = useNavigate();
  const small = useNarrow();
  const [view, setView] = useState<'picture' | 'list' | 'yaml'>(small ? 'list' : 'picture');
  const [{ text, base, shown, clash }, happened] = useWriting(kept);
  const { version } = base;
  const { left, settle, putBack } = useUnsaved({
    userId: useMe().id,
    name,
    text,
    base: base.source,
    known: [kept.source, published?.source],
  });
  const [publishing, setPublishing] = useState(false);
  const [typed] = useDebouncedValue(text, 350);
  const checked = useQuery({
    queryKey: ['sequences', name, 'validate', typed],
    queryFn: ({ signal }) => call('sequences.validate', { body: { source: typed, name } }, { signal }),
    placeholderData: (before) => before,
    staleTime: Infinity,
    // A server that is away is asked until it is back: nobody has to type again for that.
    retry: (_count, error) => isAway(error),
    retryDelay: 2000,
  });
  /** What is shown is of this very text. */
  const isChecked = checked.data !== undefined && !checked.isPlaceholderData && typed === text;
  const schema = useQuery({
    queryKey: ['sequences', 'schema'],
    queryFn: ({ signal }) => call('sequences.schema', undefined, { signal }),
    staleTime: Infinity,
  });
  const numbers = useQuery({
    queryKey: ['sequences', name, 'numbers'],
    queryFn: ({ signal }) => call('sequences.numbers', { path: { name } }, { signal }),
    enabled: published !== null,
    refetchInterval: 15_000,
  });
  const byStep = useMemo(
    () => (published ? numbers.data && new Map(numbers.data.steps.map((one) => [one.step, one])) : null),
    [published, numbers.data],
  );
  // What is drawn is the newest version: where nobody began in it yet, what is known is of another one.
  const isNew = published !== null && numbers.data?.steps.length === 0;
  const older = newestBegun(useVersions(name, isNew).data?.items ?? []);
  const dirty = text !== base.source;
  /** Of a draft that was begun anew meanwhile, too: without one, the first of two wins. */
  const ifMatch = version ?? '"0"';
  const save = useMutation({
    mutationFn: async (source: string) => ({
      source,
      ...(await tagged('sequences.saveDraft', { path: { name }, body: { source } }, { ifMatch })),
    }),
    async onSuccess({ source, answer, version: saved }) {
      // What was asked before it was saved would be told as somebody's change.
      await client.cancelQueries({ queryKey: draftKey(name) });
      happened({ type: 'saved', kept: { source, version: saved, by: answer.changedBy } });
      client.setQueryData(draftKey(name), { published, draft: { answer, version: saved } });
      done(t('draftSaved'));
      void client.invalidateQueries({ queryKey: ['sequences', 'drafts'] });
    },
    onError(error) {
      if (error instanceof ApiProblem && error.code === 'changed_meanwhile')
        void client.invalidateQueries({ queryKey: draftKey(name) });
    },
  });
  const saveNow = () => {
    if (dirty && !clash && !save.isPending) save.mutate(text);
  };
  useBlocker({
    shouldBlockFn: () => dirty && !window.confirm(t('unsaved')),
    enableBeforeUnload: dirty,
  });
  const problems = checked.data?.problems ?? [];
  const drawn = checked.data?.graph;
  // While there is a mistake nothing can be drawn: what was drawn last stays, and says so.
  const [lastGraph, keepGraph] = useState(published?.graph);
  if (drawn && drawn !== lastGraph) keepGraph(drawn);
  const graph = drawn ?? lastGraph;
  const differs = published === null || text !== published.source;
  const publishable = problems.length === 0 && differs && isChecked && clash === null;
  const choose = (step: string) =>
    void navigate({ to: '/sequences/$name', params: { name }, search: { tab: 'messages', step } });
  return (
    <div className={classes.bench}>
      <div className={classes.tools}>
        <SegmentedControl
          size="xs"
          aria-label={t('view.title')}
          value={view}
          onChange={(value) => setView(value === 'list' || value === 'yaml' ? value : 'picture')}
          data={(['picture', 'list', 'yaml'] as const).map((value) => ({ value, label: t(`view.${value}`) }))}
        />
        <Group gap="xs" aria-live="polite">
          {checked.failureReason && isAway(checked.failureReason) ? (
            <Badge tone="warn">{t('notChecked')}</Badge>
          ) : problems.length > 0 ? (
            <Badge tone="bad">{t('problems', { count: problems.length })}</Badge>
          ) : (
            <Badge tone={checked.data ? 'good' : 'neutral'}>{t(checked.data ? 'valid' : 'checking')}</Badge>
          )}
          {isNew && older && (
            <Text size="sm" c="dimmed">
              {t('noNumbers')}{' '}
              <Link to="/sequences/$name" params={{ name }} search={{ tab: 'results', version: older.id }}>
                {t('numbersOf', { number: older.number })}
              </Link>
            </Text>
          )}
          {dirty && <Badge tone="warn">{t('notSaved')}</Badge>}
          {!dirty && version !== null && <Badge tone="accent">{t('hasDraft')}</Badge>}
        </Group>
        {!readOnly && (
          <Group gap="xs">
            {version !== null && published !== null && (
              <Button
                size="compact-md"
                variant="default"
                onClick={() =>
                  soon(t('dropping'), async () => {
                    await call('sequences.dropDraft', { path: { name } }, { ifMatch });
                    void client.invalidateQueries({ queryKey: ['sequences', name] });
                  })
                }
              >
                {t('drop')}
              </Button>
            )}
            <Button
              size="compact-md"
              variant="default"
              disabled={!dirty || clash !== null}
              loading={save.isPending}
              onClick={saveNow}
            >
              {t('saveDraft')}
            </Button>
            <Button
              size="compact-md"
              // Not `disabled`: the keyboard comes back to it when there is nothing left to publish.
              {...(!publishable && { 'data-disabled': true, 'aria-disabled': true })}
              onClick={() => publishable && setPublishing(true)}
            >
              {t('publish')}
            </Button>
          </Group>
        )}
      </div>
      {left && !readOnly && (
        <Unsaved
          left={left}
          now={text}
          onTake={() => {
            happened({ type: 'restored', text: left.text, base: left.base });
            settle();
          }}
          onDrop={() => {
            settle();
            void soon(
              t('left.dropped'),
              () => {},
              () => putBack(left),
            );
          }}
        />
      )}
      {clash && (
        <Meanwhile
          theirs={clash}
          mine={text}
          onMine={() => {
            save.reset();
            happened({ type: 'mine' });
          }}
          onTheirs={() => {
            save.reset();
            happened({ type: 'theirs' });
            done(t('meanwhile.taken'));
          }}
        />
      )}
      {save.isError && !clash && (
        <Text px="md" py="xs" role="alert" c="var(--mantine-color-error)">
          {problemText(save.error)}
        </Text>
      )}
      <div className={classes.panes} data-view={view}>
        <div className={classes.flow}>
          {graph && !drawn && problems.length > 0 && (
            <Text size="sm" role="status" className={classes.old!}>
              {t('oldPicture')}
            </Text>
          )}
          {graph ? (
            view === 'picture' ? (
              <Suspense fallback={<Loading />}>
                <Flow graph={graph} numbers={byStep} chosen={null} onChoose={choose} />
              </Suspense>
            ) : (
              <Steps graph={graph} numbers={byStep} chosen={null} onChoose={choose} />
            )
          ) : checked.isPending ? (
            <Loading />
          ) : (
            <Text p="lg" size="sm">
              {t('noPicture')}
            </Text>
          )}
        </div>
        <div className={classes.editor}>
          {schema.data && (
            <Suspense fallback={<Loading />}>
              <Editor
                shown={shown}
                schema={schema.data}
                problems={problems}
                readOnly={readOnly}
                onChange={(to) => happened({ type: 'typed', text: to })}
                onSave={saveNow}
              />
            </Suspense>
          )}
        </div>
      </div>
      {problems.length > 0 && (
        <ul className={classes.problems} aria-label={t('problems', { count: problems.length })}>
          {problems.slice(0, 5).map((one) => (
            <li key={`${one.line}:${one.column}:${one.message}`}>
              <b>{t('at', { line: one.line })}</b> {one.message}
              {one.hint && ` (${one.hint})`}
            </li>
          ))}
        </ul>
      )}
      <Modal
        opened={publishing}
        onClose={() => setPublishing(false)}
        title={t('publish')}
        size="xl"
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        {publishing && (
          <Publish
            name={name}
            source={text}
            isFirst={published === null}
            onDone={async () => {
              setPublishing(false);
              happened({ type: 'saved', kept: { ...base, source: text } });
              // What was published is newer than the draft it began as; one that somebody saved meanwhile stays.
              if (version !== null)
                await call('sequences.dropDraft', { path: { name } }, { ifMatch }).catch(() => {});
              void client.invalidateQueries({ queryKey: ['sequences'] });
            }}
          />
        )}
      </Modal>
    </div>
  );
}
