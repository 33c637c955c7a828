import { Anchor, Button, Group, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { IconArrowLeft, IconBrandLinkedin, IconPhone } from '@tabler/icons-react';
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { call, newKey, type Answer, type Needs } from '../../api/client.ts';
import { reached } from '../../api/connection.ts';
import { problemText } from '../../api/problem-text.ts';
import { countOff } from '../../shell/session.ts';
import { whyQuery } from '../../lead/queries.ts';
import { Timeline } from '../../lead/Timeline.tsx';
import { Why } from '../../lead/Why.tsx';
import { useWord } from '../../lead/words.ts';
import { keep, useKept } from '../../ui/kept.ts';
import { useKeys } from '../../ui/keys.ts';
import { LeadName } from '../../ui/LeadName.tsx';
import { done, failed, soon } from '../../ui/notify.tsx';
import { Loaded } from '../../ui/states.tsx';
import classes from './Today.module.css';

export interface TaskDetailProps {
  readonly id: string;
  /** Keys are for who sees what they are for. */
  readonly shown: boolean;
  readonly onBack: () => void;
  /** It is out of the list; the next one comes. */
  readonly onFinish: () => void;
  /** It is back. */
  readonly onUndo: () => void;
  /** The server has it, or refused it. */
  readonly onSettled: () => Promise<void>;
}

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['tasks', id],
    queryFn: ({ signal }) => call('tasks.read', { path: { id } }, { signal }),
  });

/** The task at hand: who, the script, what to reach them by, what came of it in one keystroke, and the lead's history. */
export function TaskDetail(props: TaskDetailProps) {
  const { id } = props;
  const task = useQuery(taskQuery(id));
  return (
    <div className={classes.detail}>
      <Loaded query={task} rows={6}>
        {(found) => <Work {...props} found={found} />}
      </Loaded>
    </div>
  );
}

function Work({
  id,
  shown,
  found,
  onBack,
  onFinish,
  onUndo,
  onSettled,
}: TaskDetailProps & { found: Answer<'tasks.read'> }) {
  const { t } = useTranslation(['today', 'common']);
  const word = useWord();
  const { task, script, review, canRing, lead } = found;
  const why = useQuery(whyQuery(lead.id));
  const place = `cadenza.task.${id}`;
  const [note, setNote] = useKept(`${place}.note`);
  const [subject, setSubject] = useKept(`${place}.subject`, review?.subject ?? '');
  const [text, setText] = useKept(`${place}.text`, review?.text ?? '');
  const name = lead.name ?? lead.emails[0] ?? t('nameless');
  const ring = useMutation({
    mutationFn: () => call('tasks.ring', { path: { id } }),
    onSuccess: () => done(t('ringing')),
  });
  const outcomes = task.outcomes.map((outcome, index) => ({
    outcome,
    key: index < 9 ? String(index + 1) : '',
  }));
  const finish = (outcome: string) => {
    const changed = review !== null && (subject !== (review.subject ?? '') || text !== review.text);
    const body: Needs<'tasks.complete'>['body'] = {
      outcome,
      note: note.trim() || null,
      ...(changed &&
        outcome === 'approved' && {
          edited: { ...(subject && { subject }), text },
        }),
    };
    const idempotencyKey = newKey();
    onFinish();
    const uncount = countOff('tasksOpen');
    soon(
      `${name}: ${t(`outcome.${outcome as 'done'}`, { defaultValue: word(outcome) })}`,
      () =>
        reached(() => call('tasks.complete', { path: { id }, body }, { idempotencyKey }))
          .then(() => {
            for (const what of ['note', 'subject', 'text']) keep(`${place}.${what}`, null);
          })
          .catch((error: unknown) => {
            onUndo();
            failed(problemText(error));
          })
          .finally(() => void onSettled().finally(uncount)),
      () => {
        uncount();
        onUndo();
      },
    );
  };
  useKeys(
    Object.fromEntries(
      outcomes.filter(({ key }) => shown && key).map(({ outcome, key }) => [key, () => finish(outcome)]),
    ),
  );
  return (
    <>
      <div className={classes.work}>
        <Stack>
          <Button
            className={classes.back}
            variant="subtle"
            size="compact-sm"
            leftSection={<IconArrowLeft size={16} aria-hidden />}
            onClick={onBack}
            style={{ alignSelf: 'start' }}
          >
            {t('common:action.back')}
          </Button>
          <div>
            <Link to="/leads/$id" params={{ id: lead.id }} className={classes.who!}>
              <LeadName name={name} title={lead.title} company={lead.company} zone={lead.timeZone} />
            </Link>
            <Title order={2} mt="xs">
              <bdi>{task.title}</bdi>
            </Title>
          </div>
          <Group gap="sm">
            {lead.phones.map((phone) => (
              <Group key={phone} gap={4}>
                {canRing && (
                  <Button
                    leftSection={<IconPhone size={16} aria-hidden />}
                    loading={ring.isPending}
                    onClick={() => ring.mutate()}
                  >
                    {t('ring')}
                  </Button>
                )}
                <Anchor href={`tel:${phone}`}>{phone}</Anchor>
              </Group>
            ))}
            {lead.linkedinUrl && (
              <Button
                variant="default"
                component="a"
                href={lead.linkedinUrl}
                target="_blank"
                rel="noreferrer"
                leftSection={<IconBrandLinkedin size={16} aria-hidden />}
              >
                {t('profile')}
              </Button>
            )}
            {task.link && task.link !== lead.linkedinUrl && /^https?:/.test(task.link) && (
              <Anchor href={task.link} target="_blank" rel="noreferrer">
                {t('link')}
              </Anchor>
            )}
          </Group>
          {review ? (
            <Stack gap="xs" maw={720}>
              {review.subject !== null && (
                <TextInput
                  label={t('subject')}
                  value={subject}
                  onChange={(event) => setSubject(event.currentTarget.value)}
                />
              )}
              <Textarea
                label={t('message')}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
                autosize
                minRows={6}
              />
            </Stack>
          ) : (
            script && (
              <section aria-label={t('script')} className={classes.script}>
                <bdi>{script}</bdi>
              </section>
            )
          )}
          <Textarea
            label={t('note')}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            autosize
            minRows={2}
            maw={720}
          />
          <section aria-label={t('outcomes')}>
            <Group gap="xs">
              {outcomes.map(({ outcome, key }, index) => (
                <Button
                  key={outcome}
                  variant={index === 0 ? 'filled' : 'default'}
                  onClick={() => finish(outcome)}
                  aria-keyshortcuts={key}
                  rightSection={key && <kbd aria-hidden>{key}</kbd>}
                >
                  {t(`outcome.${outcome as 'done'}`, { defaultValue: word(outcome) })}
                </Button>
              ))}
            </Group>
          </section>
          <Text size="xs" c="dimmed">
            {t('keys')}
          </Text>
        </Stack>
      </div>
      <aside className={classes.side} aria-label={t('lead')}>
        <Stack>
          <Loaded query={why} rows={2}>
            {(facts) => <Why why={facts} />}
          </Loaded>
          <Timeline leadId={lead.id} />
        </Stack>
      </aside>
    </>
  );
}
