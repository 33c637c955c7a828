import { ActionIcon, Button, Drawer, Group, Menu, Modal, Text } from '@mantine/core';
import { IconAddressBook, IconDots } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer, type Needs } from '../../api/client.ts';
import { LeadPanel } from '../../lead/LeadPanel.tsx';
import { LeadForm } from '../../lead/Profile.tsx';
import { useWord } from '../../lead/words.ts';
import { Badge, type Tone } from '../../ui/Badge.tsx';
import { DataTable, type Column } from '../../ui/DataTable.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { useKeys } from '../../ui/keys.ts';
import { LeadName } from '../../ui/LeadName.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty, Failed, Loading } from '../../ui/states.tsx';
import { Bulk } from './Bulk.tsx';
import { keptOf } from '../launches/draft.ts';
import { filterOf, type Search } from './filter.ts';
import { Filters } from './Filters.tsx';
import classes from './Leads.module.css';

type Lead = Answer<'leads.list'>['items'][number];

const TONES = {
  none: 'neutral',
  pending: 'neutral',
  running: 'accent',
  finished: 'good',
  stopped: 'warn',
} as const satisfies Readonly<Record<Lead['status'], Tone>>;

const nameOf = (lead: Lead) => lead.name ?? lead.email ?? lead.id;

/** Everybody, found by anything that is known of them; a lead opens beside the list. */
export function Leads() {
  const { t } = useTranslation(['leads', 'lead', 'common']);
  const search = useSearch({ from: '/frame/leads' }) as Search;
  const navigate = useNavigate();
  const client = useQueryClient();
  const { open, sort = '-createdAt' } = search;
  const filter = filterOf(search);
  const change = (changes: Search, replace = false) =>
    void navigate({
      to: '/leads',
      search: Object.fromEntries(
        Object.entries({ ...search, ...changes }).filter(([, value]) => value !== undefined && value !== ''),
      ) as Record<string, string>,
      replace,
    });
  const leads = useInfiniteQuery({
    queryKey: ['leads', filter, sort],
    queryFn: ({ pageParam, signal }) =>
      call(
        'leads.list',
        {
          query: {
            ...filter,
            sort: sort as NonNullable<Needs<'leads.list'>['query']>['sort'] & string,
            limit: 100,
            ...(pageParam && { cursor: pageParam }),
          },
        },
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
  const count = useQuery({
    queryKey: ['leads', 'count', filter],
    queryFn: ({ signal }) => call('leads.count', { query: filter }, { signal }),
    placeholderData: (before) => before,
  });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [adding, setAdding] = useState(false);
  const rows = leads.data?.pages.flatMap((page) => page.items) ?? [];
  const add = useMutation({
    mutationFn: (body: Needs<'leads.add'>['body']) => call('leads.add', { body }),
    onSuccess(lead) {
      setAdding(false);
      void client.invalidateQueries({ queryKey: ['leads'] });
      change({ open: lead.id });
    },
  });
  const columns = useColumns();
  const csv = addressOf('leads.csv', { query: filter });
  const filtered = Object.keys(filter).length > 0;
  // What is not seen any more is not worked on by mistake.
  const shown = JSON.stringify(filter);
  useEffect(() => setSelected(new Set()), [shown]);
  const [cursor, setCursor] = useState<string | null>(null);
  const at = rows.findIndex(({ id }) => id === cursor);
  const go = (to: number) => setCursor(rows[Math.min(Math.max(to, 0), rows.length - 1)]?.id ?? null);
  const openCursor = () => {
    if (at >= 0) change({ open: cursor! });
  };
  useKeys({
    j: () => go(at + 1),
    k: () => go(at - 1),
    o: openCursor,
    Enter: openCursor,
    x() {
      if (at < 0) return;
      const next = new Set(selected);
      if (!next.delete(cursor!)) next.add(cursor!);
      setSelected(next);
    },
  });
  return (
    <Page
      full
      title={t('title')}
      actions={
        <>
          <Text size="sm" c="dimmed" aria-live="polite" className={classes.count!}>
            {count.data && t(count.data.more ? 'countMore' : 'count', { count: count.data.count })}
          </Text>
          <Button variant="default" component="a" href={csv} download className={classes.wide!}>
            {t('common:action.export')}
          </Button>
          <Button variant="default" onClick={() => setAdding(true)} className={classes.wide!}>
            {t('add')}
          </Button>
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size={36} aria-label={t('bulk.more')} className={classes.narrow!}>
                <IconDots size={18} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item component="a" href={csv} download>
                {t('common:action.export')}
              </Menu.Item>
              <Menu.Item onClick={() => setAdding(true)}>{t('add')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Button renderRoot={(props) => <Link to="/leads/import" {...props} />}>{t('import')}</Button>
        </>
      }
      bar={
        <>
          <Filters search={search} onChange={change} />
          {search.for && (
            <Text size="sm" mt="xs">
              {t('forLaunch')}
            </Text>
          )}
        </>
      }
    >
      <div className={classes.list}>
        {selected.size > 0 && (
          <Bulk
            selected={selected}
            filter={filter}
            // More match than those that were loaded, and all of these are selected.
            matching={selected.size >= rows.length && !count.data?.more ? (count.data?.count ?? 0) : 0}
            launch={keptOf(search.for)}
            onSelect={setSelected}
          />
        )}
        {leads.isPending ? (
          <Loading rows={12} />
        ) : leads.isLoadingError ? (
          <Failed error={leads.error} retry={() => void leads.refetch()} />
        ) : rows.length === 0 ? (
          <Empty
            icon={IconAddressBook}
            title={filtered ? t('nothingFound') : t('empty')}
            text={filtered ? t('nothingFoundText') : t('emptyText')}
            action={
              filtered ? (
                <Button variant="default" onClick={() => void navigate({ to: '/leads', search: {} })}>
                  {t('common:action.clear')}
                </Button>
              ) : (
                <Button renderRoot={(props) => <Link to="/leads/import" {...props} />}>{t('import')}</Button>
              )
            }
          />
        ) : (
          <DataTable
            name={t('title')}
            columns={columns}
            rows={rows}
            rowKey={(lead) => lead.id}
            nameOf={nameOf}
            sort={sort}
            onSort={(by) => change({ sort: by })}
            onOpen={(lead) => change({ open: lead.id })}
            openKey={open ?? null}
            cursorKey={cursor}
            selected={selected}
            onSelect={setSelected}
            onMore={leads.hasNextPage ? () => void leads.fetchNextPage() : undefined}
            loadingMore={leads.isFetchingNextPage}
          />
        )}
      </div>
      <Drawer
        opened={open !== undefined}
        onClose={() => change({ open: undefined })}
        size={620}
        title={
          <Group gap="sm">
            {t('one')}
            {open && (
              <Button
                size="compact-sm"
                variant="default"
                renderRoot={(props) => <Link to="/leads/$id" params={{ id: open }} {...props} />}
              >
                {t('lead:panel.open')}
              </Button>
            )}
          </Group>
        }
        overlayProps={{ backgroundOpacity: 0.15 }}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        {open && <LeadPanel id={open} />}
      </Drawer>
      <Modal
        opened={adding}
        onClose={() => setAdding(false)}
        title={t('add')}
        size="lg"
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <LeadForm saving={add.isPending} onSave={(body) => add.mutate(body)} />
      </Modal>
    </Page>
  );
}

function useColumns(): readonly Column<Lead>[] {
  const { t } = useTranslation(['leads', 'lead']);
  const word = useWord();
  return [
    {
      key: 'name',
      header: t('column.name'),
      width: 240,
      sortable: true,
      render: (lead) => (
        <Link to="/leads" search={(before) => ({ ...before, open: lead.id })} className={classes.name}>
          <LeadName name={nameOf(lead)} title={lead.title} />
        </Link>
      ),
    },
    {
      key: 'company',
      header: t('column.company'),
      width: 170,
      wide: true,
      sortable: true,
      render: (lead) => <bdi>{lead.company}</bdi>,
    },
    {
      key: 'status',
      header: t('column.status'),
      width: 125,
      render: (lead) => <Badge tone={TONES[lead.status]}>{t(`lead:status.${lead.status}`)}</Badge>,
    },
    {
      key: 'sequence',
      header: t('column.sequence'),
      width: 150,
      wide: true,
      render: (lead) => lead.sequence,
    },
    {
      key: 'next',
      header: t('column.next'),
      width: 220,
      wide: true,
      render: (lead) =>
        // When nobody does what it waits for is not what comes next.
        lead.nextAt && lead.nextAction !== 'give_up' ? (
          <span>
            {word(lead.nextAction ?? 'next_step')} <Instant at={lead.nextAt} zone={lead.timeZone} />
          </span>
        ) : (
          lead.reason && (
            <Text span size="sm" c="dimmed">
              {word(lead.reason)}
            </Text>
          )
        ),
    },
    { key: 'owner', header: t('column.owner'), width: 150, wide: true, render: (lead) => lead.owner ?? '–' },
    {
      key: 'createdAt',
      header: t('column.createdAt'),
      width: 125,
      wide: true,
      sortable: true,
      render: (lead) => <Instant at={lead.createdAt} />,
    },
  ];
}
