import { Button, Group, Progress, Select, Stack, Stepper, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../../api/client.ts';
import { problemText } from '../../api/problem-text.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Page } from '../../ui/Page.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Failed, Loaded } from '../../ui/states.tsx';
import classes from './Import.module.css';

type Import = Answer<'imports.read'>;
type Mapping = Readonly<Record<string, string | null>>;

/** Phone numbers without a country are read as the browser's own country's. */
const COUNTRY = /-([A-Z]{2})$/.exec(navigator.language)?.[1];

/** A file of leads: chosen, its columns mapped with a preview, imported with progress. */
export function Import() {
  const { t } = useTranslation(['leads', 'common']);
  const [file, setFile] = useState<Import | null>(null);
  const [mapping, setMapping] = useState<Mapping>({});
  const [began, setBegan] = useState(false);
  const step = file === null ? 0 : began ? 2 : 1;
  return (
    <Page title={t('import')}>
      <div className={classes.page}>
        <Stepper active={step} size="sm" mb="lg" allowNextStepsSelect={false}>
          <Stepper.Step label={t('importing.file')} />
          <Stepper.Step label={t('importing.columns')} />
          <Stepper.Step label={t('importing.result')} />
        </Stepper>
        {file === null && <Choose onSent={setFile} />}
        {file !== null && !began && (
          <Columns
            file={file}
            mapping={mapping}
            onMapping={setMapping}
            onBack={() => setFile(null)}
            onRun={() => setBegan(true)}
          />
        )}
        {file !== null && began && (
          <Result
            id={file.id}
            onAnother={() => {
              setFile(null);
              setMapping({});
              setBegan(false);
            }}
          />
        )}
      </div>
    </Page>
  );
}

function Choose({ onSent }: { onSent: (sent: Import) => void }) {
  const { t } = useTranslation('leads');
  const [over, setOver] = useState(false);
  const send = useMutation({
    mutationFn: async (file: File) =>
      call(
        'imports.add',
        { body: await file.text(), query: { name: file.name } },
        { contentType: 'text/csv' },
      ),
    onSuccess: onSent,
    onError: () => {},
  });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const [file] = event.dataTransfer.files;
    if (file) send.mutate(file);
  };
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
          accept=".csv,text/csv"
          className={classes.input}
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) send.mutate(file);
          }}
        />
      </label>
      {send.isError && (
        <Text c="var(--mantine-color-error)" role="alert" mt="sm">
          {problemText(send.error)}
        </Text>
      )}
    </>
  );
}

interface ColumnsProps {
  readonly file: Import;
  readonly mapping: Mapping;
  readonly onMapping: (mapping: Mapping) => void;
  readonly onBack: () => void;
  readonly onRun: () => void;
}

const LEFT_OUT = '-';

function Columns({ file, mapping, onMapping, onBack, onRun }: ColumnsProps) {
  const { t } = useTranslation(['leads', 'common']);
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
              rows={rows.slice(0, 10)}
              rowKey={({ line }) => String(line)}
              columns={[
                { key: 'line', header: t('importing.line'), numeric: true, render: ({ line }) => line },
                { key: 'name', header: t('column.name'), render: ({ name }) => <bdi>{name ?? '–'}</bdi> },
                {
                  key: 'identity',
                  header: t('importing.identity'),
                  render: ({ identity }) => identity ?? '–',
                },
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

function Result({ id, onAnother }: { id: string; onAnother: () => void }) {
  const { t } = useTranslation(['leads', 'common']);
  const client = useQueryClient();
  const path = { id };
  const query = useQuery({
    queryKey: ['imports', id],
    async queryFn({ signal }) {
      const read = await call('imports.read', { path }, { signal });
      if (read.state === 'done') void client.invalidateQueries({ queryKey: ['leads'] });
      return read;
    },
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 700 : false),
  });
  return (
    <Loaded query={query} rows={3}>
      {({ state, rowsDone, phase, report, error, hasRejects }) => (
        <Card>
          <Stack aria-live="polite">
            {state === 'running' && (
              <>
                <Text fw={500}>{t(`importing.phase.${phase ?? 'reading'}`, { count: rowsDone })}</Text>
                <Progress value={100} animated striped aria-label={t('importing.progress')} />
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
                  {t('importing.done', { count: report.created + report.updated + report.unchanged })}
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
                <Group>
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
                </Group>
              </>
            )}
            {state !== 'running' && (
              <Button variant="subtle" onClick={onAnother} style={{ alignSelf: 'start' }}>
                {t('importing.another')}
              </Button>
            )}
          </Stack>
        </Card>
      )}
    </Loaded>
  );
}
