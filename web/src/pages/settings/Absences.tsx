import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconBeach } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer, type Needs } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { done, soon } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { day } from '../../ui/time.ts';
import { HandOver } from './HandOver.tsx';

type Absence = Answer<'absences.list'>['items'][number];

export const colleaguesQuery = {
  queryKey: ['colleagues'],
  queryFn: ({ signal }: { signal: AbortSignal }) => call('users.colleagues', undefined, { signal }),
} as const;

/** Who is on leave when, and what becomes of their leads meanwhile; and leads that go to a colleague for good. */
export function Absences() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const me = useMe();
  const absences = useQuery({
    queryKey: ['absences'],
    queryFn: ({ signal }) => call('absences.list', undefined, { signal }),
  });
  const again = () => client.invalidateQueries({ queryKey: ['absences'] });
  const [edited, setEdited] = useState<Absence | 'new' | null>(null);
  const date = (text: string) => day(`${text}T12:00:00Z`, 'UTC');
  const tone = (state: Absence['state']) =>
    ({ now: 'warn', planned: 'accent', over: 'neutral' })[state] as 'warn';
  return (
    <>
      <Card
        title={t('part.absences')}
        flush
        actions={<Button onClick={() => setEdited('new')}>{t('absences.add')}</Button>}
      >
        <Loaded query={absences} rows={6}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty icon={IconBeach} title={t('absences.empty')} text={t('absences.emptyText')} />
            ) : (
              <Rows
                label={t('part.absences')}
                rows={items}
                rowKey={({ id }) => id}
                columns={[
                  { key: 'name', header: t('name'), render: ({ name }) => <bdi>{name}</bdi> },
                  { key: 'from', header: t('absences.from'), render: ({ from }) => date(from) },
                  { key: 'to', header: t('absences.to'), render: ({ to }) => date(to) },
                  {
                    key: 'what',
                    header: t('absences.meanwhile'),
                    render: ({ colleague }) =>
                      colleague ? t('absences.colleague', { name: colleague }) : t('absences.wait'),
                  },
                  {
                    key: 'state',
                    header: t('state'),
                    render: ({ state }) => <Badge tone={tone(state)}>{t(`absences.state.${state}`)}</Badge>,
                  },
                  {
                    key: 'act',
                    header: '',
                    render: (absence) =>
                      absence.state !== 'over' && (
                        <Group gap="xs" wrap="nowrap">
                          <Button size="compact-sm" variant="default" onClick={() => setEdited(absence)}>
                            {t('absences.change')}
                          </Button>
                          <Button
                            size="compact-sm"
                            variant="default"
                            onClick={() =>
                              soon(t('absences.ending', { name: absence.name }), async () => {
                                await call('absences.remove', { path: { id: absence.id } });
                                void again();
                              })
                            }
                          >
                            {absence.state === 'now' ? t('absences.back') : t('common:action.remove')}
                          </Button>
                        </Group>
                      ),
                  },
                ]}
              />
            )
          }
        </Loaded>
      </Card>
      {me.role !== 'rep' && <HandOver />}
      <Modal
        opened={edited !== null}
        onClose={() => setEdited(null)}
        title={edited === null || edited === 'new' ? t('absences.add') : edited.name}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <AbsenceForm
          absence={edited === 'new' ? null : edited}
          onSaved={() => {
            setEdited(null);
            done(t('saved'));
            void again();
          }}
        />
      </Modal>
    </>
  );
}

/** Of a new one without `absence`. */
function AbsenceForm({ absence, onSaved }: { absence: Absence | null; onSaved: () => void }) {
  const { t } = useTranslation(['settings', 'common']);
  const me = useMe();
  const colleagues = useQuery(colleaguesQuery).data?.items ?? [];
  const [who, setWho] = useState<string>(absence?.userId ?? me.id);
  const [colleague, setColleague] = useState<string | null>(absence?.colleagueId ?? null);
  const save = useMutation({
    mutationFn: ({ userId, ...body }: Needs<'absences.add'>['body']) =>
      absence
        ? call('absences.change', { path: { id: absence.id }, body }, { ifMatch: `"${absence.version}"` })
        : call('absences.add', { body: { ...body, ...(userId && { userId }) } }),
    onSuccess: onSaved,
  });
  const people = colleagues.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <form
      onSubmit={(event) => {
        const { from, to } = typed<'from' | 'to'>(event);
        save.mutate({ from, to, colleagueId: colleague, ...(who !== me.id && { userId: who }) });
      }}
    >
      <Stack>
        {me.role !== 'rep' && !absence && (
          <Select
            label={t('absences.who')}
            value={who}
            onChange={(value) => setWho(value ?? me.id)}
            data={[{ value: me.id, label: me.name }, ...people.filter(({ value }) => value !== me.id)]}
            searchable
          />
        )}
        <Group grow>
          <TextInput
            name="from"
            type="date"
            label={t('absences.from')}
            required
            data-autofocus
            defaultValue={absence?.from}
          />
          <TextInput name="to" type="date" label={t('absences.to')} required defaultValue={absence?.to} />
        </Group>
        <Select
          label={t('absences.meanwhile')}
          description={colleague ? t('absences.colleagueHint') : t('absences.waitHint')}
          value={colleague ?? ''}
          onChange={(value) => setColleague(value || null)}
          data={[{ value: '', label: t('absences.wait') }, ...people.filter(({ value }) => value !== who)]}
        />
        <Text size="xs" c="dimmed">
          {t('absences.answers')}
        </Text>
        <Group justify="flex-end">
          <Button type="submit" loading={save.isPending}>
            {absence ? t('common:action.save') : t('absences.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
