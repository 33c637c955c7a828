import { ActionIcon, Button, Group, Select, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { done } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Failed, Loaded } from '../../ui/states.tsx';
import { day } from '../../ui/time.ts';

type DayOff = Answer<'daysOff.read'>['items'][number];
const date = (text: string) => day(`${text}T12:00:00Z`, 'UTC');

/** On which days nothing is sent: the company's own, and the holidays of the places where leads are. */
export function Calendars() {
  const { t, i18n } = useTranslation(['settings', 'common']);
  const daysOff = useQuery({
    queryKey: ['days-off'],
    queryFn: ({ signal }) => call('daysOff.read', undefined, { signal }),
  });
  const calendars = useQuery({
    queryKey: ['calendars'],
    queryFn: ({ signal }) => call('calendars.list', undefined, { signal }),
  });
  const [place, setPlace] = useState<string | null>(null);
  const shown = place ?? calendars.data?.items[0]?.place ?? null;
  const holidays = useQuery({
    queryKey: ['calendars', shown, i18n.language],
    queryFn: ({ signal }) =>
      call(
        'calendars.read',
        { path: { place: shown! }, query: { language: i18n.language === 'tr' ? 'tr' : 'en' } },
        { signal },
      ),
    enabled: shown !== null,
  });
  return (
    <>
      {daysOff.data === undefined && daysOff.isError ? (
        <Failed error={daysOff.error} retry={() => void daysOff.refetch()} />
      ) : (
        <Own
          key={daysOff.data?.version}
          items={daysOff.data?.items ?? null}
          version={daysOff.data?.version ?? null}
        />
      )}
      <Card
        title={t('calendars.holidays')}
        flush
        actions={
          <Select
            aria-label={t('calendars.place')}
            w={180}
            value={shown}
            onChange={setPlace}
            placeholder={t('calendars.none')}
            data={(calendars.data?.items ?? []).map((one) => one.place)}
          />
        }
      >
        {shown === null ? (
          <Text p="md" c="dimmed">
            {t('calendars.noneText')}
          </Text>
        ) : (
          <Loaded query={holidays} rows={6}>
            {({ items }) => (
              <Rows
                label={t('calendars.holidays')}
                rows={items}
                rowKey={(one) => one.day + one.name}
                columns={[
                  { key: 'day', header: t('calendars.day'), render: (one) => date(one.day) },
                  { key: 'name', header: t('name'), render: (one) => one.name },
                  {
                    key: 'kind',
                    header: t('calendars.kind'),
                    render: (one) => t(`calendars.kinds.${one.kind}`),
                  },
                ]}
              />
            )}
          </Loaded>
        )}
      </Card>
    </>
  );
}

/** @param props.items null: they are on their way */
function Own({ items, version }: { items: readonly DayOff[] | null; version: number | null }) {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const isAdmin = useMe().role === 'admin';
  const [kind, setKind] = useState<DayOff['kind']>('off');
  const write = useMutation({
    mutationFn: (next: readonly DayOff[]) =>
      call('daysOff.write', { body: { items: [...next] } }, { ifMatch: `"${version}"` }),
    onSuccess() {
      done(t('saved'));
      void client.invalidateQueries({ queryKey: ['days-off'] });
      void client.invalidateQueries({ queryKey: ['calendars'] });
    },
  });
  return (
    <Card title={t('calendars.own')}>
      <Stack>
        {items === null && <Skeleton h={20} w={240} />}
        {items?.length === 0 && <Text c="dimmed">{t('calendars.ownEmpty')}</Text>}
        {items?.map((one) => (
          <Group key={`${one.name}${one.from}${one.country}`} justify="space-between">
            <Text>
              <bdi>{one.name}</bdi>: {date(one.from)}
              {one.to !== one.from && ` – ${date(one.to)}`} · {t(`calendars.kinds.${one.kind}`)}
              {one.country && ` · ${one.country}`}
            </Text>
            {isAdmin && (
              <ActionIcon
                aria-label={`${t('common:action.remove')}: ${one.name}`}
                onClick={() => write.mutate(items.filter((other) => other !== one))}
              >
                <IconX size={16} aria-hidden />
              </ActionIcon>
            )}
          </Group>
        ))}
        {isAdmin && (
          <form
            onSubmit={(event) => {
              const { name, from, to, country } = typed<'name' | 'from' | 'to' | 'country'>(event);
              write.mutate([
                ...(items ?? []),
                { name, from, to: to || from, country: country.toUpperCase() || null, kind },
              ]);
            }}
          >
            <Group align="end" gap="sm">
              <TextInput name="name" label={t('name')} required w={170} />
              <TextInput name="from" type="date" label={t('absences.from')} required />
              <TextInput name="to" type="date" label={t('absences.to')} />
              <TextInput
                name="country"
                label={t('calendars.country')}
                maxLength={2}
                w={90}
                placeholder="TR"
              />
              <Select
                label={t('calendars.kind')}
                w={170}
                value={kind}
                onChange={(value) => setKind(value === 'works' ? 'works' : 'off')}
                data={(['off', 'works'] as const).map((value) => ({
                  value,
                  label: t(`calendars.kinds.${value}`),
                }))}
              />
              <Button type="submit" variant="default" loading={write.isPending} disabled={items === null}>
                {t('common:action.add')}
              </Button>
            </Group>
          </form>
        )}
      </Stack>
    </Card>
  );
}
