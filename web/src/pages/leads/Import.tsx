import { Button, Group, Progress, Select, Stack, Stepper, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { useFocusOn } from '../../ui/focus.ts';
import { useKept } from '../../ui/kept.ts';
import { Page } from '../../ui/Page.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Failed, Loaded } from '../../ui/states.tsx';
import { Imports } from './Imports.tsx';
import { Letters } from './Letters.tsx';
import { textOf } from './encodings.ts';
import classes from './Import.module.css';

type Import = Answer<'imports.read'>;
type Mapping = Readonly<Record<string, string | null>>;

/** Phone numbers without a country are read as the browser's own country's. */
const COUNTRY = /-([A-Z]{2})$/.exec(navigator.language)?.[1];

const STEPS = ['file', 'columns', 'result'] as const;

/** Which columns somebody mapped otherwise than they were guessed; kept in this tab. */
function useMapping(id: string): [Mapping, (mapping: Mapping) => void] {
  const [text, write] = useKept(`cadenza.import.${id}`, '{}');
  return [useMemo(() => JSON.parse(text) as Mapping, [text]), (mapping) => write(JSON.stringify(mapping))];
}

/** A file of leads: chosen, its columns mapped with a preview, imported with progress. Which one is in the address, so a reload goes on. */
export function Import() {
  const { t } = useTranslation(['leads', 'common']);
  const { id, rows } = useSearch({ from: '/frame/leads/import' });
  const navigate = useNavigate();
  const client = useQueryClient();
  const file = useQuery({
    queryKey: ['imports', id],
    async queryFn({ signal }) {
      const read = await call('imports.read', { path: { id: id! } }, { signal });
      if (read.state === 'done')
        for (const changed of [['leads'], ['imports', 'list']])
          void client.invalidateQueries({ queryKey: changed });
      return read;
    },
    enabled: id !== undefined,
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 700 : false),
  });
  const another = () => void navigate({ to: '/leads/import', search: {} });
  const uploaded = file.data?.state === 'uploaded';
  const step = id === undefined ? 0 : uploaded || !file.data ? 1 : 2;
  const part = useFocusOn(id !== undefined && file.isPending ? null : step);
  return (
    <Page title={t('import')}>
      <div className={classes.page}>
        <Stepper active={step} size="sm" mb="lg" allowNextStepsSelect={false}>
          {STEPS.map((one) => (
            <Stepper.Step key={one} label={t(`importing.${one}`)} />
          ))}
        </Stepper>
        <div ref={part} tabIndex={-1} role="group" aria-label={t(`importing.${STEPS[step]!}`)}>
          {id === undefined ? (
            <Choose
              onSent={(sent, lines) => {
                client.setQueryData(['imports', sent.id], sent);
                void client.invalidateQueries({ queryKey: ['imports', 'list'] });
                void navigate({ to: '/leads/import', search: { id: sent.id, rows: String(lines) } });
              }}
            />
          ) : (
            <Loaded query={file} rows={8}>
              {(read) =>
                read.state === 'uploaded' ? (
                  <Columns file={read} onBack={another} onRun={() => file.refetch()} />
                ) : (
                  <Result file={read} rows={Number(rows ?? 0)} onAnother={another} />
                )
              }
            </Loaded>
          )}
        </div>
      </div>
    </Page>
  );
}

/** `onSent` also hears how many rows the file may have. */
function Choose({ onSent }: { onSent: (sent: Import, rows: number) => void }) {
  const { t } = useTranslation('leads');
  const [over, setOver] = useState(false);
  const send = useMutation({
    async mutationFn({ name, text: body }: { name: string; text: string }) {
      const sent = await call('imports.add', { body, query: { name } }, { contentType: 'text/csv' });
      return { sent, rows: Math.max(body.trimEnd().split('\n').length - 1, 0) };
    },
    onSuccess: ({ sent, rows }) => onSent(sent, rows),
    onError: () => {},
  });
  const [unread, setUnread] = useState<{ name: string; bytes: Uint8Array } | null>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    const { name } = file;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const text = textOf(bytes);
    if (text === null) setUnread({ name, bytes });
    else send.mutate({ name, text });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  if (unread)
    return (
      <Letters
        {...unread}
        onBack={() => setUnread(null)}
        onRead={(text) => {
          setUnread(null);
          send.mutate({ name: unread.name, text });
        }}
      />
    );
  return (
    <>
      <label
        className={classes.drop}
        data-over={over || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <IconUpload size={28} stroke={1.4} aria-hidden />
        <Text fw={500}>{send.isPending ? t('importing.sending') : t('importing.choose')}</Text>
        <Text size="sm" c="dimmed">
          {t('importing.hint')}
        </Text>
        <input
          type="file"
          accept=".csv,.txt,text/csv,text/plain"
          className={classes.input}
          onChange={(event) => void take(event.currentTarget.files?.[0])}
        />
      </label>
      {send.isError && (
        <Text c="var(--mantine-color-error)" role="alert" mt="sm">
          {problemText(send.error)}
        </Text>
      )}
      <Imports />
    </>
  );
}

interface ColumnsProps {
  readonly file: Import;
  readonly onBack: () => void;
  readonly onRun: () => Promise<unknown>;
}

const LEFT_OUT = '-';
const SHOWN = 10;
/** What is to be looked at comes first. */
const weight = ({ problem, warnings }: { problem: string | null; warnings: readonly string[] }) =>
  problem ? 2 : warnings.length > 0 ? 1 : 0;

function Columns({ file, onBack, onRun }: ColumnsProps) {
  const { t } = useTranslation(['leads', 'common']);
  const [mapping, onMapping] = useMapping(file.id);
  const path = { id: file.id };
  const body = { mapping, ...(COUNTRY && { defaultCountry: COUNTRY }) };
  const preview = useQuery({
    queryKey: ['imports', file.id, 'preview', mapping],
    queryFn: ({ signal }) => call('imports.preview', { path, body }, { signal }),
    placeholderData: (before) => before,
    retry: false,
  });
  const run = useMutation({ mutationFn: () => call('imports.run', { path, body }), onSuccess: onRun });
  if (preview.isError && preview.data === undefined)
    return (
      <Stack>
        <Failed error={preview.error} />
        <Button variant="default" onClick={onBack} style={{ alignSelf: 'center' }}>
          {t('importing.another')}
        </Button>
      </Stack>
    );
  return (
    <Loaded query={preview} rows={8}>
      {({ columns, rows, fields }) => (
        <Stack>
          <Card title={t('importing.columnsOf', { name: file.name })} flush>
            <Rows
              label={t('importing.columns')}
              rows={columns}
              rowKey={({ header }) => header}
              columns={[
                { key: 'header', header: t('importing.column'), render: ({ header }) => <bdi>{header}</bdi> },
                {
                  key: 'samples',
                  header: t('importing.samples'),
                  wide: true,
                  render: ({ samples }) => (
                    <Text span size="sm" c="dimmed">
                      <bdi>{samples.join(', ')}</bdi>
                    </Text>
                  ),
                },
                {
                  key: 'target',
                  header: t('importing.becomes'),
                  render: ({ header, target }) => (
                    <Select
                      aria-label={`${header}: ${t('importing.becomes')}`}
                      searchable
                      miw={200}
                      data={[
                        { value: LEFT_OUT, label: t('importing.leftOut') },
                        ...fields.map((field) => ({ value: field, label: t(`field.${field}`) })),
                        ...(target?.startsWith('attributes.') ? [] : [attributeOf(header)]),
                        ...(target?.startsWith('attributes.') ? [target] : []),
                      ]}
                      value={target ?? LEFT_OUT}
                      onChange={(value) =>
                        onMapping({ ...mapping, [header]: value === LEFT_OUT ? null : value })
                      }
                    />
                  ),
                },
              ]}
            />
          </Card>
          {preview.isError && (
            <Text c="var(--mantine-color-error)" role="alert">
              {problemText(preview.error)}
            </Text>
          )}
          <Card title={t('importing.preview')} flush>
            <Rows
              label={t('importing.preview')}
              rows={rows.toSorted((one, other) => weight(other) - weight(one)).slice(0, SHOWN)}
              rowKey={({ line }) => String(line)}
              columns={[
                { key: 'line', header: t('importing.line'), numeric: true, render: ({ line }) => line },
                { key: 'name', header: t('column.name'), render: ({ name }) => <bdi>{name ?? '–'}</bdi> },
                {
                  key: 'identity',
                  header: t('importing.identity'),
                  render: ({ identity }) => identity ?? '–',
                },
                ...(['company', 'title', 'country'] as const)
                  .filter((field) => columns.some(({ target }) => target === field))
                  .map((field) => ({
                    key: field,
                    header: t(`field.${field}`),
                    wide: true,
                    render: (row: (typeof rows)[number]) => <bdi>{row[field] ?? '–'}</bdi>,
                  })),
                {
                  key: 'problem',
                  header: t('importing.problem'),
                  render: ({ problem, warnings }) =>
                    problem ? (
                      <>
                        <Badge tone="bad">{t('importing.notTaken')}</Badge> {problem}
                      </>
                    ) : (
                      warnings.join('; ')
                    ),
                },
              ]}
            />
          </Card>
          <Group justify="space-between">
            <Button variant="default" onClick={onBack}>
              {t('importing.another')}
            </Button>
            <Button onClick={() => run.mutate()} loading={run.isPending} disabled={preview.isError}>
              {t('importing.run')}
            </Button>
          </Group>
        </Stack>
      )}
    </Loaded>
  );
}

/** As the server would name it. */
const attributeOf = (header: string): string =>
  `attributes.${
    header
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .toLowerCase() || 'column'
  }`;

function Result({ file, rows, onAnother }: { file: Import; rows: number; onAnother: () => void }) {
  const { t } = useTranslation(['leads', 'common']);
  const { id, state, rowsDone, phase, report, error, hasRejects } = file;
  const path = { id };
  // How many rows a file has is known when it is read: a cell may have lines of its own.
  const known = phase !== 'merging' && rows > 0;
  return (
    <Card>
      <Stack aria-live="polite">
        {state === 'running' && (
          <>
            <Text fw={500}>{t(`importing.phase.${phase ?? 'reading'}`, { count: rowsDone })}</Text>
            <Progress
              value={known ? Math.min((rowsDone / rows) * 100, 98) : 100}
              animated
              striped={!known}
              aria-label={t('importing.progress')}
            />
          </>
        )}
        {(state === 'failed' || state === 'stuck') && (
          <Text c="var(--mantine-color-error)" role="alert">
            {error ?? t('importing.stuck')}
          </Text>
        )}
        {report && (
          <>
            <Text fw={600} size="lg">
              {t('importing.done', {
                count: report.created + report.updated + report.unchanged,
                created: report.created,
              })}
            </Text>
            <dl className={classes.report}>
              {(['created', 'updated', 'unchanged', 'duplicates', 'warnings'] as const).map((name) => (
                <div key={name}>
                  <dt>{t(`importing.report.${name}`)}</dt>
                  <dd>{t('number', { value: report[name] })}</dd>
                </div>
              ))}
              {Object.entries(report.rejected).map(([reason, count]) => (
                <div key={reason}>
                  <dt>
                    {t('importing.notTaken')}: {t(`importing.reason.${reason as 'unreachable'}`)}
                  </dt>
                  <dd>{t('number', { value: count })}</dd>
                </div>
              ))}
            </dl>
          </>
        )}
        {state !== 'running' && (
          <Group>
            {report && (
              <>
                <Button
                  renderRoot={(props) => <Link to="/launches/new" search={{ import: id }} {...props} />}
                >
                  {t('importing.launch')}
                </Button>
                <Button variant="default" renderRoot={(props) => <Link to="/leads" {...props} />}>
                  {t('importing.look')}
                </Button>
                {hasRejects && (
                  <Button
                    variant="default"
                    component="a"
                    href={addressOf('imports.rejects', { path })}
                    download
                  >
                    {t('importing.rejects')}
                  </Button>
                )}
              </>
            )}
            <Button variant="subtle" onClick={onAnother}>
              {t('importing.another')}
            </Button>
          </Group>
        )}
      </Stack>
    </Card>
  );
}
