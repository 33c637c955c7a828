import { Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../../api/client.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { LeadName } from '../../ui/LeadName.tsx';
import classes from './Today.module.css';

type Task = Answer<'tasks.list'>['items'][number];

/** One task in the list: who, what, when, and why it is worth more than others. */
export function TaskRow({ task, current, onChoose }: { task: Task; current: boolean; onChoose: () => void }) {
  const { t } = useTranslation('today');
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current) row.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <li>
      <button
        ref={row}
        type="button"
        className={classes.row}
        onClick={onChoose}
        {...(current && { 'aria-current': true })}
      >
        <Channel channel={task.channel} bare />
        <span>
          <LeadName
            name={task.leadName ?? t('nameless')}
            title={task.leadTitle}
            company={task.company}
            zone={task.timeZone}
          />
          <Text span size="sm" className={classes.title}>
            <bdi>{task.title}</bdi>
          </Text>
        </span>
        <span>
          <Text span size="xs" c="dimmed">
            <Instant at={task.dueAt} zone={task.timeZone} />
          </Text>
          {(task.waiting || task.engagement || task.kind === 'failed') && (
            <div>
              {task.kind === 'failed' ? (
                <Badge tone="bad">{t('kind.failed')}</Badge>
              ) : task.waiting ? (
                <Badge tone="good">{t('wrote')}</Badge>
              ) : (
                <Badge tone="accent">{t(`engagement.${task.engagement!}`)}</Badge>
              )}
            </div>
          )}
        </span>
      </button>
    </li>
  );
}
