import { Button, Group, Radio, Stack, Stepper, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ApiProblem, call, type Answer } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { Card } from '../../ui/Card.tsx';
import { useFocusOn } from '../../ui/focus.ts';
import { Instant } from '../../ui/Instant.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { failed } from '../../ui/notify.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loaded, Loading } from '../../ui/states.tsx';
import { AudienceStep, useMatching } from './AudienceStep.tsx';
import {
  audienceOf,
  changed,
  choiceOf,
  forgetSent,
  noteSent,
  requestOf,
  wasSent,
  type Changes,
  type Choice,
  type Search,
} from './draft.ts';
import { DryRun } from './DryRun.tsx';
import classes from './NewLaunch.module.css';
import { useSequences } from './Pause.tsx';
import { SendersStep } from './SendersStep.tsx';

const STEPS = ['sequence', 'audience', 'senders', 'check'] as const;
const STEPS_OF_ADDING = ['audience', 'check'] as const;
type Step = (typeof STEPS)[number];

/** Whether nothing is missing that a step asks for. */
function isReady(step: Step, choice: Choice): boolean {
  if (step === 'sequence') return choice.version !== null;
  if (step === 'audience') return audienceOf(choice) !== null;
  return step !== 'senders' || choice.senders?.length !== 0;
}

/** A launch put together step by step, tried, and begun; or more leads for one that runs. */
export function NewLaunch() {
  const { t } = useTranslation(['launches', 'common']);
  const search = useSearch({ from: '/frame/launches/new' });
  const navigate = useNavigate();
  const choice = choiceOf(search);
  const steps: readonly Step[] = choice.add ? STEPS_OF_ADDING : STEPS;
  const missing = steps.findIndex((step) => !isReady(step, choice));
  const wanted = Math.max(0, steps.indexOf(search.step as Step));
  const at = missing === -1 ? wanted : Math.min(wanted, missing);
  const step = steps[at]!;
  const part = useFocusOn(step);
  const { mistake } =
    useMatching(step === 'audience' && choice.by === 'where' ? choice.where.trim() : '').data ?? {};
  const go = (to: number) =>
    void navigate({ to: '/launches/new', search: (before: Search) => ({ ...before, step: steps[to]! }) });
  const change = (changes: Changes) =>
    void navigate({
      to: '/launches/new',
      search: (before: Search) => changed(before, changes),
      replace: true,
    });
  const into = useQuery({
    queryKey: ['launches', choice.add],
    queryFn: ({ signal }) => call('launches.read', { path: { id: choice.add! } }, { signal }),
    enabled: choice.add !== null,
  }).data;
  return (
    <Page title={choice.add ? t('add.title', { name: into?.name ?? '…' }) : t('new')}>
      <div className={classes.page}>
        <Stepper
          active={at}
          onStepClick={go}
          size="sm"
          mb="lg"
          allowNextStepsSelect={false}
          classNames={{ steps: classes.steps!, stepLabel: classes.stepLabel! }}
        >
          {steps.map((name) => (
            <Stepper.Step key={name} label={t(`step.${name}`)} />
          ))}
        </Stepper>
        <Stack ref={part} tabIndex={-1} role="group" aria-label={t(`step.${step}`)}>
          {step === 'sequence' && <SequenceStep choice={choice} onChange={change} />}
          {step === 'audience' && <AudienceStep key={search.draft} choice={choice} onChange={change} />}
          {step === 'senders' && <SendersStep choice={choice} onChange={change} />}
          {step === 'check' ? (
            <Check search={search} choice={choice} onChange={change} onBack={() => go(at - 1)} />
          ) : (
            <Group justify="space-between">
              <Button variant="default" onClick={() => go(at - 1)} disabled={at === 0}>
                {t('common:action.back')}
              </Button>
              <Button onClick={() => go(at + 1)} disabled={!isReady(step, choice) || mistake != null}>
                {t('common:action.next')}
              </Button>
            </Group>
          )}
        </Stack>
      </div>
    </Page>
  );
}

export interface StepProps {
  readonly choice: Choice;
  readonly onChange: (changes: Changes) => void;
}

type Sequence = Answer<'sequences.list'>['items'][number];

function SequenceStep({ choice, onChange }: StepProps) {
  const { t } = useTranslation('launches');
  const sequences = useQuery({
    queryKey: ['sequences', 'list', ''],
    queryFn: ({ signal }) => call('sequences.list', { query: { limit: 200 } }, { signal }),
  });
  return (
    <Loaded query={sequences}>
      {({ items }) => (
        <Card title={t('chooseSequence')}>
          {items.length === 0 && (
            <Stack align="start">
              <Text c="dimmed">{t('noSequence')}</Text>
              <Button renderRoot={(props) => <Link to="/sequences" {...props} />}>{t('toSequences')}</Button>
            </Stack>
          )}
          {choice.version && !items.some(({ versionId }) => versionId === choice.version) && (
            <Text size="sm" mb="sm" role="status">
              {t('newerVersion')}
            </Text>
          )}
          <Radio.Group
            aria-label={t('chooseSequence')}
            value={items.find(({ versionId }) => versionId === choice.version)?.name ?? null}
            onChange={(name) =>
              onChange({ sequence: name, version: items.find((one) => one.name === name)!.versionId })
            }
          >
            <Stack gap="xs">
              {items.map((one) => (
                <Radio key={one.name} value={one.name} label={one.title} description={<Hint of={one} />} />
              ))}
            </Stack>
          </Radio.Group>
        </Card>
      )}
    </Loaded>
  );
}

/** Which version and wording it is, and how many are in it. */
function Hint({ of: { name, versions, revision, createdAt, running } }: { of: Sequence }) {
  const { t } = useTranslation('launches');
  return (
    <>
      {name} · {t('versionOf', { version: versions, revision })} · <Instant at={createdAt} /> ·{' '}
      {t('inIt', { count: running })}
    </>
  );
}

interface CheckProps extends StepProps {
  readonly search: Search;
  readonly onBack: () => void;
}

/** What would come of it, and the button that begins it: once, however often it is pressed, reloaded or sent again. */
function Check({ search, choice, onChange, onBack }: CheckProps) {
  const { t } = useTranslation(['launches', 'common']);
  const navigate = useNavigate();
  const client = useQueryClient();
  const { add, version } = choice;
  const of = useSequences(!add).find(({ versionId }) => versionId === version);
  const send = (dryRun: boolean, options: { signal?: AbortSignal; idempotencyKey?: string }) =>
    add
      ? call('launches.add', { path: { id: add }, body: { audience: audienceOf(choice)!, dryRun } }, options)
      : call('launches.create', { body: { ...requestOf(choice)!, dryRun } }, options);
  const anew = () => {
    forgetSent(search);
    onChange({});
  };
  const launch = useMutation({
    mutationFn() {
      noteSent(search);
      return send(false, { idempotencyKey: search.key! });
    },
    onSuccess({ launchId }) {
      void client.invalidateQueries({ queryKey: ['launches'] });
      if (launchId) void navigate({ to: '/launches/$id', params: { id: launchId } });
      else {
        failed(t('dry.nobody'));
        launch.reset();
        anew();
      }
    },
    onError(error) {
      failed(problemText(error));
      // It was refused, not lost: what is sent after it was mended is another command.
      if (error instanceof ApiProblem && error.status >= 400 && error.status < 500) anew();
    },
  });
  const sent = wasSent(search) && !launch.isPending && !launch.isSuccess;
  const tried = useQuery({
    queryKey: ['launches', 'dry run', search.key],
    queryFn: ({ signal }) => send(true, { signal }),
    enabled: !sent && !launch.isPending && !launch.isSuccess,
    staleTime: 0,
    retry: false,
  });
  const back = (
    <Button variant="default" onClick={onBack}>
      {t('common:action.back')}
    </Button>
  );
  if (sent)
    return (
      <>
        <Notice tone="accent" title={t('sent.title')}>
          <Text size="sm">{t('sent.text')}</Text>
        </Notice>
        <Group justify="space-between">
          {back}
          <Button onClick={() => launch.mutate()}>{t('sent.look')}</Button>
        </Group>
      </>
    );
  return (
    <>
      {tried.isPending ? (
        <Card>
          <Text role="status">{t('trying')}</Text>
          <Loading rows={4} />
        </Card>
      ) : tried.isError ? (
        <Card>
          <Failed error={tried.error} retry={() => void tried.refetch()} />
        </Card>
      ) : (
        <DryRun
          tried={tried.data}
          version={of ? t('versionOf', { version: of.versions, revision: of.revision }) : null}
        />
      )}
      <Group justify="space-between">
        {back}
        <Button
          onClick={() => launch.mutate()}
          loading={launch.isPending}
          disabled={!tried.data || tried.data.enrolled === 0}
        >
          {t(add ? 'add.do' : 'launch', { count: tried.data?.enrolled ?? 0 })}
        </Button>
      </Group>
    </>
  );
}
