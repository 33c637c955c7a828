import { Button, Code, Group, Radio, Select, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedCallback, useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { useMe } from '../../shell/session.ts';
import { Card } from '../../ui/Card.tsx';
import { moment } from '../../ui/time.ts';
import { audienceOf, keptFor, type Choice } from './draft.ts';
import type { StepProps } from './NewLaunch.tsx';
import classes from './NewLaunch.module.css';

const EXAMPLES = ['lead.country == "DE"', 'lead.attributes.tag == "fair"', 'lead.owner == "rosa"'];
const TYPING_MS = 300;

/** Who is to be in it. Nobody, until something is chosen. */
export function AudienceStep({ choice, onChange }: StepProps) {
  const { t } = useTranslation('launches');
  const isRep = useMe().role === 'rep';
  const { by, leads, importId } = choice;
  const files = useFiles();
  return (
    <Card title={t('step.audience')}>
      <Stack>
        <Radio.Group aria-label={t('step.audience')} value={by} onChange={(value) => onChange({ by: value })}>
          <Stack gap="xs">
            {leads.length > 0 && <Radio value="leads" label={t('audience.leads', { count: leads.length })} />}
            {(importId || files.length > 0) && <Radio value="import" label={t('audience.import')} />}
            <Radio value="where" label={t('audience.where')} />
            <Radio
              value="everybody"
              label={t(isRep ? 'audience.allOwn' : 'audience.everybody')}
              description={t('audience.everybodyHint')}
            />
          </Stack>
        </Radio.Group>
        {by === 'import' && (
          <Select
            label={t('audience.file')}
            placeholder={t('audience.chooseFile')}
            data={[
              ...files.map(({ id, name, createdAt, leads: count }) => ({
                value: id,
                label: t('audience.fileOf', { name, when: moment(createdAt), count }),
              })),
              ...(importId && !files.some(({ id }) => id === importId)
                ? [{ value: importId, label: t('audience.thisFile') }]
                : []),
            ]}
            value={importId}
            onChange={(id) => onChange({ import: id ?? undefined })}
            maw={480}
          />
        )}
        {by === 'where' && <Condition choice={choice} onChange={onChange} />}
        {by === 'everybody' && <Matching where="true" />}
        {by !== 'where' && by !== 'import' && audienceOf(choice) === null && (
          <Text size="sm" c="dimmed">
            {t(by === null ? 'audience.choose' : 'audience.lost')}
          </Text>
        )}
        <Text size="sm">
          <Link to="/leads" search={{ for: keptFor(choice) }}>
            {t('audience.inLeads')}
          </Link>{' '}
          <Text span size="sm" c="dimmed">
            {t('audience.inLeadsHint')}
          </Text>
        </Text>
      </Stack>
    </Card>
  );
}

const FILES = 50;

/** The last files that were imported, with how many leads they are about. */
function useFiles() {
  const { data } = useQuery({
    queryKey: ['imports', 'list', FILES],
    queryFn: ({ signal }) => call('imports.list', { query: { limit: FILES } }, { signal }),
  });
  return (data?.items ?? []).flatMap(({ id, name, createdAt, report }) => {
    const leads = report ? report.created + report.updated + report.unchanged : 0;
    return leads > 0 ? [{ id, name, createdAt, leads }] : [];
  });
}

function Condition({ choice, onChange }: { choice: Choice; onChange: StepProps['onChange'] }) {
  const { t } = useTranslation('launches');
  const [text, setText] = useState(choice.where);
  const keep = useDebouncedCallback((where: string) => onChange({ where }), {
    delay: TYPING_MS,
    flushOnUnmount: true,
  });
  const [where] = useDebouncedValue(text.trim(), TYPING_MS);
  const found = useMatching(where);
  const mistake = text.trim() === where ? found.data?.mistake : undefined;
  return (
    <>
      <Textarea
        label={t('audience.condition')}
        description={t('audience.hint')}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          keep(event.currentTarget.value);
        }}
        onBlur={keep.flush}
        error={
          mistake && (
            <>
              {mistake.message}
              {mistake.hint && ` (${mistake.hint})`}
            </>
          )
        }
        classNames={{ input: classes.code! }}
        maxLength={4000}
        autosize
        minRows={2}
        spellCheck={false}
      />
      {where !== '' && !mistake && <Matching where={where} />}
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          {t('audience.examples')}
        </Text>
        {EXAMPLES.map((example) => (
          <Button
            key={example}
            size="compact-sm"
            variant="default"
            onClick={() => {
              setText(example);
              onChange({ where: example });
            }}
          >
            <Code bg="transparent">{example}</Code>
          </Button>
        ))}
      </Group>
    </>
  );
}

/** Whom a condition means; '': nothing is asked. */
export const useMatching = (where: string) =>
  useQuery({
    queryKey: ['launches', 'audience', where],
    queryFn: ({ signal }) => call('launches.audience', { query: { where } }, { signal }),
    enabled: where !== '',
    // What is not asked any more has no answer: a mistake that stayed would block the way on.
    placeholderData: (before) => (where === '' ? undefined : before),
  });

/** How many there are, and the first of them, so that one sees whether it is who was meant. */
function Matching({ where }: { where: string }) {
  const { t } = useTranslation('launches');
  const { data, error, isFetching } = useMatching(where);
  const { count = 0, estimate = null, leads = [] } = data ?? {};
  return (
    <Text size="sm" role="status" aria-busy={isFetching}>
      {error ? (
        problemText(error)
      ) : !data ? (
        t('audience.counting')
      ) : (
        <>
          <b>
            {estimate === null ? t('audience.count', { count }) : t('audience.about', { count: estimate })}
          </b>
          {leads.length > 0 && (
            <Text span size="sm" c="dimmed">
              {': '}
              {leads.map(({ id, name }, index) => (
                <span key={id}>
                  {index > 0 && ', '}
                  <bdi>{name}</bdi>
                </span>
              ))}
              {count > leads.length && ' …'}
            </Text>
          )}
        </>
      )}
    </Text>
  );
}
