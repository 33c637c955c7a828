import { Button, Group, NumberInput, Select, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { Channel } from '../../ui/Channel.tsx';
import { Empty, Loaded } from '../../ui/states.tsx';
import { useReason } from '../../lead/words.ts';
import { datesBetween, dayAndMonth, weekdayOf, weekdays, ZONES } from '../../ui/time.ts';
import classes from './Calendar.module.css';

/** What every lead does, as the simulator reads it. */
const SCRIPTS = { none: [], accept: ['* accepted +3d'], reply: ['* replied +7d'] } as const;
type Script = keyof typeof SCRIPTS;
type Day = Answer<'sequences.simulate'>['days'][number];

/** A month of a sequence before it is launched: what would go out when, with weekends, holidays and limits. */
export function Calendar({ name, source }: { name: string; source: string | null }) {
  const { t } = useTranslation('sequences');
  const reason = useReason();
  const [given, setGiven] = useState({
    leads: 20,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    country: '',
    start: '',
    script: 'none' as Script,
  });
  const [asked, setAsked] = useState(given);
  const month = useQuery({
    queryKey: ['sequences', name, 'simulate', source, asked],
    queryFn: ({ signal }) =>
      call(
        'sequences.simulate',
        {
          path: { name },
          body: {
            source,
            leads: asked.leads,
            timeZone: asked.timeZone,
            country: asked.country || null,
            start: asked.start ? new Date(asked.start).toISOString() : null,
            events: [...SCRIPTS[asked.script]],
          },
        },
        { signal },
      ),
    retry: false,
    placeholderData: (before) => before,
  });
  return (
    <div className={classes.page}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(given);
        }}
      >
        <Group gap="sm" align="end">
          <NumberInput
            label={t('calendar.leads')}
            w={110}
            min={1}
            max={200}
            value={given.leads}
            onChange={(leads) => setGiven({ ...given, leads: Number(leads) || 1 })}
          />
          <Select
            label={t('calendar.zone')}
            w={200}
            searchable
            data={[...ZONES]}
            value={given.timeZone}
            onChange={(timeZone) => setGiven({ ...given, timeZone: timeZone ?? given.timeZone })}
          />
          <TextInput
            label={t('calendar.country')}
            w={110}
            maxLength={2}
            placeholder="TR"
            value={given.country}
            onChange={(event) => setGiven({ ...given, country: event.currentTarget.value.toUpperCase() })}
          />
          <TextInput
            type="datetime-local"
            label={t('calendar.start')}
            value={given.start}
            onChange={(event) => setGiven({ ...given, start: event.currentTarget.value })}
          />
          <Select
            label={t('calendar.script')}
            w={240}
            value={given.script}
            onChange={(value) => setGiven({ ...given, script: (value as Script | null) ?? 'none' })}
            data={(['none', 'accept', 'reply'] as const).map((value) => ({
              value,
              label: t(`calendar.scripts.${value}`),
            }))}
          />
          <Button type="submit" variant="default" loading={month.isFetching}>
            {t('calendar.show')}
          </Button>
        </Group>
      </form>
      <Loaded query={month} rows={6}>
        {({ days, leads }) =>
          days.length === 0 ? (
            <Empty title={t('calendar.nothing')} />
          ) : (
            <>
              <Month days={days} />
              <Text size="sm" c="dimmed">
                {t('calendar.hint')}
              </Text>
              {leads.map((one) => (
                <Text key={`${one.state}${one.reason}`} size="sm" c="dimmed">
                  {t('calendar.end', { count: one.leads, why: reason(one.reason) })}
                </Text>
              ))}
            </>
          )
        }
      </Loaded>
    </div>
  );
}

function Month({ days }: { days: readonly Day[] }) {
  const { t } = useTranslation('sequences');
  const first = weekdayOf(days[0]!.day);
  const busy = new Map(days.map((one) => [one.day, one]));
  // Also the days on which nothing goes out: a weekend is a gap that one sees.
  const all = datesBetween(days[0]!.day, days.at(-1)!.day).map(
    (date) => busy.get(date) ?? { day: date, total: 0, touches: [] },
  );
  return (
    <>
      <div className={classes.weekdays} aria-hidden>
        {weekdays().map((name) => (
          <span key={name}>{name}</span>
        ))}
      </div>
      <ol className={classes.month} aria-label={t('calendar.title')}>
        {all.map((one, index) => (
          <li
            key={one.day}
            className={classes.day}
            data-quiet={one.total === 0 || undefined}
            style={index === 0 ? { gridColumnStart: first } : undefined}
          >
            <span className={classes.date}>
              <span>{dayAndMonth(one.day)}</span>
              {one.total > 0 && <b>{one.total}</b>}
            </span>
            {one.touches.map((touch) => (
              <span key={`${touch.sequence}${touch.step}${touch.action}`} className={classes.touch}>
                <Channel channel={touch.channel} bare />
                <span>{touch.step}</span>
                <span className={classes.count}>{touch.leads}</span>
              </span>
            ))}
          </li>
        ))}
      </ol>
    </>
  );
}
