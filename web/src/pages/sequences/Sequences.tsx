import { Button, Modal, Radio, Stack, Text, TextInput } from '@mantine/core';
import { IconRoute } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiProblem, call, orNull, type Answer } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { failed } from '../../ui/notify.tsx';
import { Page } from '../../ui/Page.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Failed, Loaded, Loading } from '../../ui/states.tsx';

const EMPTY = 'empty';
/** `spring-outreach` is Spring outreach. */
const titleOf = (name: string) => `${name[0]!.toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`;
const emptySequence = (name: string) =>
  `name: ${name}\ntitle: ${titleOf(name)}\n\nsteps:\n  - id: hello\n    email:\n      subject: 'Hello {{ lead.first_name }}'\n      body: |\n        Hello {{ lead.first_name }},\n\n        …\n\n        {{ sender.name }}\n`;

/** What is published and what is being written. */
export function Sequences() {
  const { t } = useTranslation(['sequences', 'common']);
  const mayWrite = useMe().role !== 'rep';
  const [making, setMaking] = useState(false);
  const sequences = useInfiniteQuery({
    queryKey: ['sequences', 'list'],
    queryFn: ({ pageParam, signal }) =>
      call('sequences.list', { query: { limit: 100, ...(pageParam && { cursor: pageParam }) } }, { signal }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });
  const drafts = useQuery({
    queryKey: ['sequences', 'drafts'],
    queryFn: ({ signal }) => call('sequences.drafts', undefined, { signal }),
  });
  const rows = sequences.data?.pages.flatMap((page) => page.items) ?? [];
  const drafted = new Set(drafts.data?.items.map(({ name }) => name));
  const unpublished = (drafts.data?.items ?? []).filter(({ name }) => !rows.some((row) => row.name === name));
  const button = mayWrite && <Button onClick={() => setMaking(true)}>{t('new')}</Button>;
  const number = (value: number) => t('number', { value });
  return (
    <Page title={t('title')} actions={button}>
      {sequences.isPending ? (
        <Loading />
      ) : sequences.isError ? (
        <Failed error={sequences.error} retry={() => void sequences.refetch()} />
      ) : rows.length + unpublished.length === 0 ? (
        <Empty icon={IconRoute} title={t('empty')} text={t('emptyText')} action={button} />
      ) : (
        <Stack>
          {unpublished.length > 0 && (
            <Card title={t('drafts')} flush>
              <Rows
                label={t('drafts')}
                rows={unpublished}
                rowKey={({ name }) => name}
                columns={[
                  {
                    key: 'name',
                    header: t('column.name'),
                    render: ({ name }) => (
                      <Link to="/sequences/$name" params={{ name }}>
                        {name}
                      </Link>
                    ),
                  },
                  {
                    key: 'at',
                    header: t('column.changed'),
                    render: ({ changedAt }) => <Instant at={changedAt} />,
                  },
                ]}
              />
            </Card>
          )}
          {rows.length > 0 && (
            <Card flush>
              <Rows
                label={t('title')}
                rows={rows}
                rowKey={({ name }) => name}
                columns={[
                  {
                    key: 'name',
                    header: t('column.name'),
                    render: ({ name, title }) => (
                      <Stack gap={0} align="start">
                        <Link to="/sequences/$name" params={{ name }} style={{ fontWeight: 500 }}>
                          <bdi>{title}</bdi>
                        </Link>
                        <Text span size="xs" c="dimmed">
                          {name}
                        </Text>
                        {drafted.has(name) && <Badge tone="accent">{t('hasDraft')}</Badge>}
                      </Stack>
                    ),
                  },
                  {
                    key: 'running',
                    header: t('column.running'),
                    numeric: true,
                    render: ({ running }) => number(running),
                  },
                  {
                    key: 'started',
                    header: t('column.started'),
                    numeric: true,
                    wide: true,
                    render: ({ started }) => number(started),
                  },
                  {
                    key: 'rate',
                    header: t('column.answered'),
                    numeric: true,
                    render: ({ answeredRate, answered }) =>
                      answeredRate === null ? '–' : t('rate', { rate: answeredRate, count: answered }),
                  },
                  {
                    key: 'versions',
                    header: t('column.versions'),
                    numeric: true,
                    wide: true,
                    render: ({ versions }) => versions,
                  },
                  {
                    key: 'at',
                    header: t('column.published'),
                    wide: true,
                    render: ({ createdAt }) => <Instant at={createdAt} />,
                  },
                ]}
              />
            </Card>
          )}
          {sequences.hasNextPage && (
            <Button variant="subtle" onClick={() => void sequences.fetchNextPage()}>
              {t('common:list.loadMore')}
            </Button>
          )}
        </Stack>
      )}
      <Modal
        opened={making}
        onClose={() => setMaking(false)}
        title={t('new')}
        size="lg"
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <NewSequence />
      </Modal>
    </Page>
  );
}

const isTaken = (error: unknown) => error instanceof ApiProblem && error.code === 'changed_meanwhile';

/** What a new sequence goes on with must be there before it can be published. */
async function publishUnlessThere({
  name,
  source,
}: Answer<'sequences.templates'>['items'][number]): Promise<void> {
  const path = { name };
  if (!(await orNull(call('sequences.read', { path }))))
    await call('sequences.publish', { path, body: { source } });
}

function NewSequence() {
  const { t } = useTranslation(['sequences', 'common']);
  const navigate = useNavigate();
  const [from, setFrom] = useState('classic');
  const templates = useQuery({
    queryKey: ['sequences', 'templates'],
    queryFn: ({ signal }) => call('sequences.templates', undefined, { signal }),
    staleTime: Infinity,
  });
  const make = useMutation({
    async mutationFn(name: string) {
      const template = templates.data?.items.find((one) => one.name === from);
      const source = template
        ? template.source
            .replace(/^name: .*$/m, `name: ${name}`)
            .replace(/^title: .*$/m, `title: ${titleOf(name)}`)
            .replace(/^# yaml-language-server.*\n(#\n)?/, '')
        : emptySequence(name);
      const path = { name };
      if (await orNull(call('sequences.read', { path }))) throw new ApiProblem(412, 'changed_meanwhile', '');
      for (const next of templates.data?.items ?? [])
        if (template?.goesOnWith.includes(next.name)) await publishUnlessThere(next);
      await call('sequences.saveDraft', { path, body: { source } }, { ifMatch: '"0"' });
      return name;
    },
    onSuccess: (name) => void navigate({ to: '/sequences/$name', params: { name } }),
    onError(error) {
      if (!isTaken(error)) failed(problemText(error));
    },
  });
  return (
    <Loaded query={templates} rows={4}>
      {({ items }) => (
        <form onSubmit={(event) => make.mutate(typed<'name'>(event).name)}>
          <Stack>
            <TextInput
              name="name"
              label={t('nameIt')}
              description={t('nameHint')}
              pattern="[a-z][a-z0-9\-]{0,62}"
              placeholder="spring-outreach"
              required
              autoFocus
              data-autofocus
              onInvalid={({ currentTarget: field }) =>
                field.setCustomValidity(field.validity.patternMismatch ? t('nameHint') : '')
              }
              onInput={({ currentTarget: field }) => field.setCustomValidity('')}
              onChange={() => make.reset()}
            />
            {isTaken(make.error) && (
              <div role="alert">
                <Notice tone="warn" title={t('taken', { name: make.variables })}>
                  <Link to="/sequences/$name" params={{ name: make.variables! }}>
                    {t('openIt')}
                  </Link>
                </Notice>
              </div>
            )}
            <Radio.Group label={t('from')} value={from} onChange={setFrom}>
              <Stack gap="xs" mt="xs">
                {items.map(({ name, title, description, goesOnWith }) => (
                  <Radio
                    key={name}
                    value={name}
                    label={title}
                    description={[
                      description,
                      ...items
                        .filter((next) => goesOnWith.includes(next.name))
                        .map((next) => t('goesOn', next)),
                    ].join(' ')}
                  />
                ))}
                <Radio value={EMPTY} label={t('fromEmpty')} />
              </Stack>
            </Radio.Group>
            <Button type="submit" loading={make.isPending} style={{ alignSelf: 'end' }}>
              {t('make')}
            </Button>
          </Stack>
        </form>
      )}
    </Loaded>
  );
}
