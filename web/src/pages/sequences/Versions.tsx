import { Group, Select, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { moment } from '../../ui/time.ts';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { Difference } from './Difference.tsx';
import classes from './Results.module.css';
import { useVersions, type Version } from './versions.ts';

interface Text {
  readonly key: string;
  readonly version: string;
  readonly number: number;
  readonly revision: number;
  readonly at: string;
}

/** Every version and every wording of it, the newest first. */
const textsOf = (versions: readonly Version[]): Text[] =>
  versions
    .flatMap(({ id, number, revisions }) =>
      revisions.map(({ revision, publishedAt }) => ({
        key: `${id} ${revision}`,
        version: id,
        number,
        revision,
        at: publishedAt,
      })),
    )
    .toSorted((one, other) => other.at.localeCompare(one.at));

/** What was published when, and what is different between any two. */
export function Versions({ name }: { name: string }) {
  const { t } = useTranslation('sequences');
  const versions = useVersions(name);
  return (
    <div className={classes.page}>
      <Loaded query={versions}>
        {({ items }) => (
          <Stack>
            <Card title={t('tab.versions')} flush>
              <Rows
                label={t('tab.versions')}
                rows={items}
                rowKey={({ id }) => id}
                columns={[
                  { key: 'number', header: t('column.version'), render: ({ number }) => number },
                  { key: 'title', header: t('column.name'), render: ({ title }) => <bdi>{title}</bdi> },
                  {
                    key: 'at',
                    header: t('column.published'),
                    render: ({ createdAt }) => <Instant at={createdAt} />,
                  },
                  {
                    key: 'texts',
                    header: t('column.wordings'),
                    numeric: true,
                    render: ({ revisions }) => revisions.length,
                  },
                  {
                    key: 'running',
                    header: t('column.running'),
                    numeric: true,
                    render: ({ running }) => running,
                  },
                ]}
              />
            </Card>
            <Compare name={name} texts={textsOf(items)} />
          </Stack>
        )}
      </Loaded>
    </div>
  );
}

function Compare({ name, texts }: { name: string; texts: readonly Text[] }) {
  const { t } = useTranslation('sequences');
  const [older, setOlder] = useState(texts[1]?.key ?? null);
  const [newer, setNewer] = useState(texts[0]?.key ?? null);
  const from = texts.find(({ key }) => key === older);
  const to = texts.find(({ key }) => key === newer);
  const difference = useQuery({
    queryKey: ['sequences', name, 'difference', older, newer],
    queryFn: ({ signal }) =>
      call(
        'sequences.difference',
        {
          path: { name },
          query: {
            from: from!.version,
            fromRevision: from!.revision,
            to: to!.version,
            toRevision: to!.revision,
          },
        },
        { signal },
      ),
    enabled: from !== undefined && to !== undefined,
  });
  if (texts.length < 2) return <Empty title={t('onlyOne')} text={t('onlyOneText')} />;
  const data = texts.map(({ key, at, number, revision }) => ({
    value: key,
    label: t('wordingOf', { when: moment(at), version: number, revision }),
  }));
  return (
    <Card title={t('compare')}>
      <Group mb="md">
        <Select label={t('older')} data={data} value={older} onChange={setOlder} w={300} />
        <Select label={t('newer')} data={data} value={newer} onChange={setNewer} w={300} />
      </Group>
      <Loaded query={difference} rows={4}>
        {(found) => <Difference difference={found} />}
      </Loaded>
    </Card>
  );
}
