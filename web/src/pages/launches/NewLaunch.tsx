import {
  Button,
  Checkbox,
  Code,
  Group,
  Radio,
  Select,
  Stack,
  Stepper,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, newKey } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Page } from '../../ui/Page.tsx';
import { Loaded, Loading } from '../../ui/states.tsx';
import { DryRun } from './DryRun.tsx';
import classes from './NewLaunch.module.css';
import { requestOf, type Choice, type Given } from './wizard.ts';

const STEPS = ['sequence', 'audience', 'senders', 'check'] as const;

/** A launch put together step by step, tried, and begun. */
export function NewLaunch() {
  const { t } = useTranslation(['launches', 'common']);
  const search = useSearch({ from: '/frame/launches/new' });
  const navigate = useNavigate();
  const client = useQueryClient();
  const given: Given = useMemo(
    () => ({ leads: search.leads?.split(',').filter(Boolean) ?? [], importId: search.import ?? null }),
    [search.leads, search.import],
  );
  const [step, setStep] = useState(0);
  const [choice, setChoice] = useState<Choice>({
    sequence: null,
    audience: given.importId ? 'import' : given.leads.length > 0 ? 'leads' : 'where',
    where: 'true',
    senderIds: null,
    startsAt: '',
    review: 'as-written',
    reviewer: '',
    name: '',
  });
  const sequences = useQuery({
    queryKey: ['sequences', 'list', ''],
    queryFn: ({ signal }) => call('sequences.list', { query: { limit: 200 } }, { signal }),
  });
  const named = sequences.data?.items.find(({ name }) => name === search.sequence) ?? null;
  const complete: Choice = { ...choice, sequence: choice.sequence ?? named };
  const request = requestOf(complete, given);
  // The same key for the same launch: pressed twice, or again after a lost connection, it is one launch.
  const keys = useRef(new Map<string, string>());
  const keyFor = (what: string): string => {
    const key = keys.current.get(what) ?? newKey();
    keys.current.set(what, key);
    return key;
  };
  const tried = useQuery({
    queryKey: ['launches', 'dry run', request],
    queryFn: ({ signal }) => call('launches.create', { body: { ...request!, dryRun: true } }, { signal }),
    enabled: step === 3 && request !== null,
    staleTime: 0,
    retry: false,
  });
  const launch = useMutation({
    mutationFn: () =>
      call('launches.create', { body: request! }, { idempotencyKey: keyFor(JSON.stringify(request)) }),
    onSuccess({ launchId }) {
      void client.invalidateQueries({ queryKey: ['launches'] });
      if (launchId) void navigate({ to: '/launches/$id', params: { id: launchId } });
    },
  });
  const change = (changes: Partial<Choice>) => setChoice({ ...choice, ...changes });
  const ready = step === 0 ? complete.sequence !== null : step === 1 ? request !== null : true;
  return (
    <Page title={t('new')}>
      <div className={classes.page}>
        <Stepper active={step} onStepClick={setStep} size="sm" mb="lg" allowNextStepsSelect={false}>
          {STEPS.map((name) => (
            <Stepper.Step key={name} label={t(`step.${name}`)} />
          ))}
        </Stepper>
        <Stack>
          {step === 0 && (
            <Loaded query={sequences}>
              {({ items }) => (
                <Card title={t('chooseSequence')}>
                  {items.length === 0 && <Text c="dimmed">{t('noSequence')}</Text>}
                  <Radio.Group
                    aria-label={t('chooseSequence')}
                    value={complete.sequence?.name ?? ''}
                    onChange={(name) => change({ sequence: items.find((one) => one.name === name) ?? null })}
                  >
                    <Stack gap="xs">
                      {items.map((one) => (
                        <Radio
                          key={one.name}
                          value={one.name}
                          label={one.title}
                          description={t('sequenceHint', { count: one.running, name: one.name })}
                        />
                      ))}
                    </Stack>
                  </Radio.Group>
                </Card>
              )}
            </Loaded>
          )}
          {step === 1 && <Audience choice={choice} given={given} onChange={change} />}
          {step === 2 && <SendersAndStart choice={choice} onChange={change} />}
          {step === 3 &&
            (tried.isPending ? (
              <Card>
                <Text role="status">{t('trying')}</Text>
                <Loading rows={4} />
              </Card>
            ) : tried.isError ? (
              <Card>
                <Text role="alert" c="var(--mantine-color-error)">
                  {problemText(tried.error)}
                </Text>
              </Card>
            ) : (
              <DryRun tried={tried.data} />
            ))}
          <Group justify="space-between">
            <Button variant="default" onClick={() => setStep(step - 1)} disabled={step === 0}>
              {t('common:action.back')}
            </Button>
            {step < 3 ? (
              <Button onClick={() => setStep(step + 1)} disabled={!ready}>
                {t('common:action.next')}
              </Button>
            ) : (
              <Button
                onClick={() => launch.mutate()}
                loading={launch.isPending}
                disabled={!tried.data || tried.data.enrolled === 0}
              >
                {t('launch', { count: tried.data?.enrolled ?? 0 })}
              </Button>
            )}
          </Group>
        </Stack>
      </div>
    </Page>
  );
}

interface PartProps {
  readonly choice: Choice;
  readonly onChange: (changes: Partial<Choice>) => void;
}

const EXAMPLES = ['lead.country == "DE"', 'lead.attributes.tag == "fair"', 'lead.owner == "rosa"', 'true'];

function Audience({ choice, given, onChange }: PartProps & { given: Given }) {
  const { t } = useTranslation('launches');
  return (
    <Card title={t('step.audience')}>
      <Stack>
        <Radio.Group
          aria-label={t('step.audience')}
          value={choice.audience}
          onChange={(value) => onChange({ audience: value as Choice['audience'] })}
        >
          <Stack gap="xs">
            {given.leads.length > 0 && (
              <Radio value="leads" label={t('audience.leads', { count: given.leads.length })} />
            )}
            {given.importId && <Radio value="import" label={t('audience.import')} />}
            <Radio value="where" label={t('audience.where')} />
          </Stack>
        </Radio.Group>
        {choice.audience === 'where' && (
          <Textarea
            label={t('audience.condition')}
            description={t('audience.hint')}
            value={choice.where}
            onChange={(event) => onChange({ where: event.currentTarget.value })}
            autosize
            spellCheck={false}
          />
        )}
        {choice.audience === 'where' && (
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              {t('audience.examples')}
            </Text>
            {EXAMPLES.map((where) => (
              <Button key={where} size="compact-sm" variant="default" onClick={() => onChange({ where })}>
                <Code bg="transparent">{where}</Code>
              </Button>
            ))}
          </Group>
        )}
      </Stack>
    </Card>
  );
}

function SendersAndStart({ choice, onChange }: PartProps) {
  const { t } = useTranslation(['launches', 'settings']);
  const mayChoose = useMe().role !== 'rep';
  const senders = useQuery({
    queryKey: ['senders'],
    queryFn: ({ signal }) => call('senders.list', undefined, { signal }),
    enabled: mayChoose,
  });
  return (
    <>
      {mayChoose && (
        <Card title={t('step.senders')}>
          <Loaded query={senders}>
            {({ items }) => (
              <Stack gap="xs">
                <Checkbox
                  label={t('allSenders')}
                  checked={choice.senderIds === null}
                  onChange={(event) => onChange({ senderIds: event.currentTarget.checked ? null : [] })}
                />
                {choice.senderIds !== null &&
                  items.map((sender) => (
                    <Checkbox
                      key={sender.id}
                      ml="lg"
                      checked={choice.senderIds?.includes(sender.id) ?? false}
                      onChange={(event) =>
                        onChange({
                          senderIds: event.currentTarget.checked
                            ? [...(choice.senderIds ?? []), sender.id]
                            : (choice.senderIds ?? []).filter((id) => id !== sender.id),
                        })
                      }
                      label={
                        <Group gap="xs">
                          <Channel channel={sender.channel} />
                          <bdi>{sender.name}</bdi>
                          <Text span size="xs" c="dimmed">
                            {sender.address}
                          </Text>
                          {(sender.brokenReason || sender.paused) && (
                            <Badge tone="warn">
                              {sender.brokenReason
                                ? t('settings:senders.broken')
                                : t('settings:senders.paused')}
                            </Badge>
                          )}
                        </Group>
                      }
                    />
                  ))}
              </Stack>
            )}
          </Loaded>
        </Card>
      )}
      <Card title={t('start.title')}>
        <Stack maw={420}>
          <TextInput
            type="datetime-local"
            label={t('start.at')}
            description={
              choice.startsAt
                ? t('start.utc', {
                    time: new Date(choice.startsAt).toISOString().slice(0, 16).replace('T', ' '),
                  })
                : t('start.now')
            }
            value={choice.startsAt}
            onChange={(event) => onChange({ startsAt: event.currentTarget.value })}
          />
          <Select
            label={t('review.title')}
            value={choice.review}
            onChange={(value) => onChange({ review: value ?? 'as-written' })}
            data={(['as-written', 'first', 'every'] as const).map((value) => ({
              value,
              label: t(`review.${value}`),
            }))}
          />
          {choice.review !== 'as-written' && (
            <TextInput
              label={t('review.who')}
              placeholder={t('review.owner')}
              value={choice.reviewer}
              onChange={(event) => onChange({ reviewer: event.currentTarget.value })}
            />
          )}
          <TextInput
            label={t('nameIt')}
            placeholder={t('nameHint')}
            value={choice.name}
            maxLength={200}
            onChange={(event) => onChange({ name: event.currentTarget.value })}
          />
        </Stack>
      </Card>
    </>
  );
}
