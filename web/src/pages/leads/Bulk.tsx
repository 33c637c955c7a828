import { Button, Group, Menu, Progress, Text, TextInput } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer, type Needs } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { typed } from '../../ui/form.ts';
import { done, soon } from '../../ui/notify.tsx';
import type { Search as Launch } from '../launches/draft.ts';
import classes from './Bulk.module.css';

type LeadFilter = NonNullable<Needs<'leads.count'>['query']>;
type Action = Needs<'leads.bulk'>['body']['action'];
const AT_ONCE = 50;
const PAGE = 200;

/** So many ids fit into an address that can be opened anywhere. */
const FIT = 30;

/** What can be done with the leads that are selected. */
export function Bulk({
  selected,
  filter,
  matching,
  launch,
  onSelect,
}: {
  selected: ReadonlySet<string>;
  filter: LeadFilter;
  /** How many could be selected, where that is more; else less than are. */
  matching: number;
  /** What a launch for which they are chosen has already. */
  launch: Launch;
  onSelect: (selected: ReadonlySet<string>) => void;
}) {
  const { t } = useTranslation(['leads', 'common']);
  const client = useQueryClient();
  const isRep = useMe().role === 'rep';
  const [progress, setProgress] = useState<number | null>(null);
  const run = useMutation({
    async mutationFn(action: Action) {
      const ids = [...selected];
      let leads = 0;
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        setProgress((at / ids.length) * 100);
        leads += (await call('leads.bulk', { body: { ids: ids.slice(at, at + AT_ONCE), action } })).leads;
      }
      return leads;
    },
    onSuccess(count) {
      done(t('bulk.done', { count }));
      onSelect(new Set());
    },
    onSettled() {
      setProgress(null);
      void client.invalidateQueries({ queryKey: ['leads'] });
      void client.invalidateQueries({ queryKey: ['lead'] });
    },
  });
  const selectAll = useMutation({
    async mutationFn() {
      const ids = new Set<string>();
      for (let cursor: string | null = ''; cursor !== null;) {
        setProgress((ids.size / matching) * 100);
        const page: Answer<'leads.list'> = await call('leads.list', {
          query: { ...filter, limit: PAGE, ...(cursor && { cursor }) },
        });
        for (const { id } of page.items) ids.add(id);
        cursor = page.next;
      }
      return ids;
    },
    onSettled: () => setProgress(null),
  });
  const navigate = useNavigate();
  const launching = { ...launch, leads: [...selected].join(',') };
  const busy = run.isPending || selectAll.isPending;
  const later = (action: Action, said: string) => soon(said, () => run.mutateAsync(action));
  const count = selected.size;
  return (
    <section className={classes.bar} aria-label={t('bulk.title')}>
      <Group gap="xs">
        <Text fw={500}>{t('common:list.selected', { count })}</Text>
        {matching > count && (
          <Button
            size="compact-md"
            variant="subtle"
            disabled={busy}
            onClick={() => selectAll.mutate(undefined, { onSuccess: onSelect })}
          >
            {t('bulk.all', { count: matching })}
          </Button>
        )}
      </Group>
      <Group gap="xs">
        {/* Many are handed over in this tab, which an address could not hold. */}
        <Button
          size="compact-md"
          disabled={busy}
          {...(selected.size > FIT
            ? { onClick: () => void navigate({ to: '/launches/new', search: launching }) }
            : {
                renderRoot: (props: object) => <Link to="/launches/new" search={launching} {...props} />,
              })}
        >
          {t('bulk.launch')}
        </Button>
        <Button
          size="compact-md"
          variant="default"
          disabled={busy}
          onClick={() => run.mutate({ do: 'pause' })}
        >
          {t('bulk.pause')}
        </Button>
        <Button
          size="compact-md"
          variant="default"
          disabled={busy}
          onClick={() => run.mutate({ do: 'resume' })}
        >
          {t('bulk.resume')}
        </Button>
        <Menu closeOnItemClick={false} width={260}>
          <Menu.Target>
            <Button
              size="compact-md"
              variant="default"
              disabled={busy}
              rightSection={<IconChevronDown size={14} aria-hidden />}
            >
              {t('bulk.more')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => later({ do: 'stop' }, t('bulk.stopping', { count }))}>
              {t('bulk.stop')}
            </Menu.Item>
            <Menu.Item onClick={() => later({ do: 'suppress' }, t('bulk.suppressing', { count }))}>
              {t('bulk.suppress')}
            </Menu.Item>
            <form
              onSubmit={(event) =>
                run.mutate({ do: 'attribute', name: 'tag', value: typed<'tag'>(event).tag || null })
              }
            >
              <TextInput name="tag" label={t('bulk.tag')} placeholder={t('bulk.enter')} p="xs" />
            </form>
            {!isRep && (
              <form
                onSubmit={(event) => run.mutate({ do: 'owner', owner: typed<'owner'>(event).owner || null })}
              >
                <TextInput name="owner" label={t('bulk.owner')} placeholder={t('bulk.enter')} p="xs" />
              </form>
            )}
          </Menu.Dropdown>
        </Menu>
        <Button size="compact-md" variant="subtle" onClick={() => onSelect(new Set())}>
          {t('bulk.nothing')}
        </Button>
      </Group>
      {progress !== null && <Progress value={progress} aria-label={t('bulk.progress')} w={160} />}
    </section>
  );
}
