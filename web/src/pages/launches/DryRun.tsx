import { Accordion, Group, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import { useReason } from '../../lead/words.ts';
import { Card } from '../../ui/Card.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Notice } from '../../ui/Notice.tsx';
import { day, dayAndMonth, moment, MY_ZONE } from '../../ui/time.ts';
import classes from './NewLaunch.module.css';

type Tried = Answer<'launches.create'>;
type Forecast = NonNullable<Tried['forecast']>;

/** As in the step before, where senders are chosen. */
const byChannel = (one: Forecast['senders'][number], other: Forecast['senders'][number]) =>
  one.channel.localeCompare(other.channel) || one.name.localeCompare(other.name);

/** What would come of a launch: who is left out and why, when the last one is reached, what each sender's days look like. */
export function DryRun({ tried, version }: { tried: Tried; version: string | null }) {
  const { t } = useTranslation('launches');
  const reasonOf = useReason();
  const { forecast, excluded, enrolled, inTouch } = tried;
  const left = excluded.reduce((sum, { count }) => sum + count, 0);
  return (
    <>
      <Card title={t('dry.title')}>
        <dl className={classes.facts}>
          <div>
            <dt>{t('step.sequence')}</dt>
            <dd>
              {tried.sequence}
              {version && (
                <Text size="xs" c="dimmed">
                  {version}
                </Text>
              )}
            </dd>
          </div>
          <div>
            <dt>{t('dry.enrolled')}</dt>
            <dd>{t('number', { value: enrolled })}</dd>
          </div>
          <div>
            <dt>{t('dry.left')}</dt>
            <dd>{t('number', { value: left })}</dd>
          </div>
          <div>
            <dt>{t('dry.first')}</dt>
            <dd>{forecast?.firstTouchAt ? moment(forecast.firstTouchAt) : '–'}</dd>
          </div>
          <div>
            <dt>{t('dry.last')}</dt>
            <dd>
              {forecast?.lastTouchAt ? moment(forecast.lastTouchAt) : '–'}
              {forecast?.estimated && ` (${t('dry.estimated')})`}
            </dd>
          </div>
        </dl>
        <Text mt="sm" size="xs" c="dimmed">
          {t('zone', { zone: MY_ZONE })}
        </Text>
        {enrolled === 0 && (
          <Text mt="sm" role="alert">
            {t('dry.nobody')}
          </Text>
        )}
        {forecast?.held.map(({ reason, count, leads }) => (
          <Text key={reason} mt="sm" size="sm">
            {t('dry.held', { count, reason: reasonOf(reason) })} <Names leads={leads} count={count} />
          </Text>
        ))}
      </Card>
      {inTouch.length > 0 && (
        <Notice
          tone="warn"
          title={t('touch.title', { count: inTouch.reduce((sum, { count }) => sum + count, 0) })}
        >
          {inTouch.map(({ reason, count, leads }) => (
            <Text key={reason} size="sm">
              {t(`touch.${reason}`, { count })} <Names leads={leads} count={count} />
            </Text>
          ))}
          <Text size="sm" c="dimmed">
            {t('touch.hint')}
          </Text>
        </Notice>
      )}
      {left > 0 && (
        <Card title={t('dry.whoLeft')} flush>
          <Accordion variant="default" multiple>
            {excluded
              .filter(({ count }) => count > 0)
              .map(({ reason, count, leads }) => (
                <Accordion.Item key={reason} value={reason}>
                  <Accordion.Control>
                    <Group justify="space-between" pr="sm">
                      <span>{t(`reason.${reason}`)}</span>
                      <b>{t('number', { value: count })}</b>
                    </Group>
                  </Accordion.Control>
                  <Accordion.Panel>
                    <Text size="sm">
                      <Names leads={leads} count={count} />
                    </Text>
                  </Accordion.Panel>
                </Accordion.Item>
              ))}
          </Accordion>
        </Card>
      )}
      {forecast && forecast.senders.length > 0 && (
        <Card title={t('dry.days')}>
          <Stack>
            {forecast.senders.toSorted(byChannel).map((sender) => (
              <SenderDays key={`${sender.senderId}${sender.action}`} sender={sender} />
            ))}
            <Text size="xs" c="dimmed">
              {t('dry.legend')}
            </Text>
          </Stack>
        </Card>
      )}
    </>
  );
}

/** The first of so many. */
function Names({ leads, count }: Pick<Tried['excluded'][number], 'leads' | 'count'>) {
  const { t } = useTranslation('launches');
  return (
    <>
      {leads.map(({ leadId, name }, index) => (
        <span key={leadId}>
          {index > 0 && ', '}
          <Link to="/leads/$id" params={{ id: leadId }}>
            <bdi>{name}</bdi>
          </Link>
        </span>
      ))}
      {count > leads.length && ` … ${t('dry.more', { count: count - leads.length })}`}
    </>
  );
}

function SenderDays({ sender }: { sender: Forecast['senders'][number] }) {
  const { t } = useTranslation('launches');
  const top = Math.max(
    1,
    ...sender.days.map(({ booked, planned, cap }) => Math.max(booked + planned, cap ?? 0)),
  );
  const total = sender.days.reduce((sum, { planned }) => sum + planned, 0);
  const fullest = sender.days.reduce(
    (best, one) => (one.planned > best.planned ? one : best),
    sender.days[0]!,
  );
  const height = (value: number) => `${(value / top) * 100}%`;
  return (
    <div>
      <Group justify="space-between" mb={4}>
        <Group gap="xs">
          <Channel channel={sender.channel} bare />
          <bdi>{sender.name}</bdi>
          {sender.channel === 'linkedin' && <span>{t(`action.${sender.action}`)}</span>}
          <Text span size="xs" c="dimmed">
            {sender.address}
          </Text>
        </Group>
        <Text span size="sm" className="numbers">
          {t('dry.planned', { count: total })}
        </Text>
      </Group>
      <div
        className={classes.days}
        role="img"
        aria-label={t('dry.daysOf', {
          name: sender.name,
          count: total,
          day: day(`${fullest.day}T12:00:00Z`, 'UTC'),
          most: fullest.planned,
        })}
      >
        {sender.days.map((one) => (
          <span
            key={one.day}
            className={classes.day}
            title={`${day(`${one.day}T12:00:00Z`, 'UTC')}: ${one.booked} + ${one.planned}${one.cap === null ? '' : ` / ${one.cap}`}`}
          >
            <span className={classes.planned} style={{ height: height(one.booked + one.planned) }} />
            <span className={classes.booked} style={{ height: height(one.booked) }} />
          </span>
        ))}
      </div>
      <Group justify="space-between" aria-hidden>
        <Text span size="xs" c="dimmed">
          {dayAndMonth(sender.days[0]!.day)}
        </Text>
        <Text span size="xs" c="dimmed">
          {t('dry.top', { count: top })}
        </Text>
        <Text span size="xs" c="dimmed">
          {dayAndMonth(sender.days.at(-1)!.day)}
        </Text>
      </Group>
    </div>
  );
}
