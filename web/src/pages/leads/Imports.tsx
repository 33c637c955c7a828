import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { Rows } from '../../ui/Rows.tsx';

type State = Answer<'imports.read'>['state'];

const SHOWN = 10;
const TONES = { uploaded: 'neutral', running: 'accent', stuck: 'bad', failed: 'bad', done: 'good' } as const;

/** The last files, to go on with one or to look at what came of it. */
export function Imports() {
  const { t } = useTranslation('leads');
  const imports = useQuery({
    queryKey: ['imports', 'list'],
    queryFn: ({ signal }) => call('imports.list', { query: { limit: SHOWN } }, { signal }),
  }).data?.items;
  if (!imports || imports.length === 0) return null;
  const state = (of: State) => t(`importing.state.${of}`);
  return (
    <Card title={t('importing.before')} flush>
      <Rows
        label={t('importing.before')}
        rows={imports}
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'file',
            header: t('importing.file'),
            render: ({ id, name }) => (
              <Link to="/leads/import" search={{ id }}>
                <bdi>{name}</bdi>
              </Link>
            ),
          },
          { key: 'at', header: t('importing.when'), render: ({ createdAt }) => <Instant at={createdAt} /> },
          {
            key: 'state',
            header: t('importing.result'),
            render: ({ state: of }) => <Badge tone={TONES[of]}>{state(of)}</Badge>,
          },
          {
            key: 'new',
            header: t('importing.report.created'),
            numeric: true,
            render: ({ report }) => (report ? t('number', { value: report.created }) : '–'),
          },
          {
            key: 'rejected',
            header: t('importing.notTaken'),
            numeric: true,
            wide: true,
            render: ({ report }) =>
              report
                ? t('number', { value: Object.values(report.rejected).reduce((sum, one) => sum + one, 0) })
                : '–',
          },
        ]}
      />
    </Card>
  );
}
