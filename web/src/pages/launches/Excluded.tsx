import { Accordion, Button, Group, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { Card } from '../../ui/Card.tsx';
import { LeadName } from '../../ui/LeadName.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';
import classes from './LaunchPage.module.css';

type Reason = Answer<'launches.exclusions'>['items'][number]['reason'];

/** Whom a launch left out: by reason with how many they are; each opens to who it is. */
export function Excluded({
  id,
  reasons,
  open,
}: {
  id: string;
  reasons: Answer<'launches.read'>['exclusions'];
  open: string | undefined;
}) {
  const { t } = useTranslation('launches');
  const navigate = useNavigate();
  if (reasons.length === 0) return <Empty title={t('nobodyExcluded')} />;
  return (
    <Card flush>
      <Accordion
        value={open ?? null}
        onChange={(reason) =>
          void navigate({
            to: '/launches/$id',
            params: { id },
            search: { tab: 'excluded', ...(reason && { reason }) },
            replace: true,
          })
        }
      >
        {reasons.map(({ reason, count }) => (
          <Accordion.Item key={reason} value={reason}>
            <Accordion.Control>
              <Group justify="space-between" pr="sm" wrap="nowrap">
                <span>{t(`reason.${reason as Reason}`)}</span>
                <b className="numbers">{t('number', { value: count })}</b>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>{open === reason && <Who id={id} reason={reason as Reason} />}</Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Card>
  );
}

function Who({ id, reason }: { id: string; reason: Reason }) {
  const { t } = useTranslation(['launches', 'common']);
  const list = useInfiniteQuery({
    queryKey: ['launches', id, 'exclusions', reason],
    queryFn: ({ pageParam, signal }) =>
      call(
        'launches.exclusions',
        { path: { id }, query: { reason, limit: 100, ...(pageParam && { cursor: pageParam }) } },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });
  if (list.isPending) return <Loading rows={3} />;
  if (list.isError) return <Failed error={list.error} retry={() => void list.refetch()} />;
  const rows = list.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <Text size="sm">{t('reasonUnknown')}</Text>;
  return (
    <>
      <ul className={classes.people}>
        {rows.map(({ leadId, name, email, company }) => (
          <li key={leadId}>
            <Link to="/leads/$id" params={{ id: leadId }} className={classes.lead}>
              <LeadName name={name || email || leadId} company={company} />
            </Link>
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <Button
          variant="subtle"
          size="compact-sm"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t('common:list.loadMore')}
        </Button>
      )}
    </>
  );
}
