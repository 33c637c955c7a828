import { Button, Group, Menu, Text } from '@mantine/core';
import { IconArrowLeft, IconChevronDown } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, newKey, type Answer } from '../../api/client.ts';
import { reached } from '../../api/connection.ts';
import { problemText } from '../../api/problem-text.ts';
import { whyQuery } from '../../lead/queries.ts';
import { Why } from '../../lead/Why.tsx';
import { useWord } from '../../lead/words.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Channel } from '../../ui/Channel.tsx';
import { Instant } from '../../ui/Instant.tsx';
import { useKeys } from '../../ui/keys.ts';
import { LeadName } from '../../ui/LeadName.tsx';
import { MessageFrame } from '../../ui/MessageFrame.tsx';
import { failed, soon } from '../../ui/notify.tsx';
import { Loaded } from '../../ui/states.tsx';
import { CLASSES, TONES } from './classes.ts';
import classes from './Inbox.module.css';
import { Composer } from './Composer.tsx';

type Utterance = Answer<'inbox.conversation'>['items'][number];

/** What was said to a lead and by a lead, over all channels, and the answer to it. */
export function Conversation({
  leadId,
  shown,
  onBack,
  onSend,
  onFinish,
  onUndo,
}: {
  leadId: string;
  /** Keys are for who sees what they are for. */
  shown: boolean;
  onBack: () => void;
  /** It stays, whether or not it waits. */
  onSend: () => void;
  /** It waits no more; the next one comes. What it answers counts it again. */
  onFinish: () => () => void;
  /** It waits again. */
  onUndo: () => void;
}) {
  const { t } = useTranslation(['inbox', 'common']);
  const client = useQueryClient();
  const composer = useRef<HTMLTextAreaElement>(null);
  const messages = useRef<HTMLOListElement>(null);
  const end = useRef<HTMLLIElement>(null);
  const conversation = useQuery({
    queryKey: ['inbox', 'conversation', leadId],
    queryFn: ({ signal }) => call('inbox.conversation', { path: { id: leadId } }, { signal }),
  });
  const why = useQuery(whyQuery(leadId)).data;
  const count = conversation.data?.items.length;
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' });
  }, [count]);
  const last = conversation.data?.items.findLast(({ from }) => from === 'lead');
  const again = async () => {
    void client.invalidateQueries({ queryKey: ['inbox'] });
    await client.invalidateQueries({ queryKey: ['counts'] });
  };
  const settle = (as: (typeof CLASSES)[number]) => {
    if (!last) return;
    const { name, email } = conversation.data!.lead;
    const idempotencyKey = newKey();
    const uncount = onFinish();
    soon(
      t('closing', { name: name || email || t('unknown'), meaning: t(`class.${as}`) }),
      () =>
        reached(() => call('inbox.class', { path: { id: last.id }, body: { class: as } }, { idempotencyKey }))
          .catch((error: unknown) => {
            onUndo();
            failed(problemText(error));
          })
          .finally(() => void again().finally(uncount)),
      () => {
        uncount();
        onUndo();
      },
    );
  };
  const close = () => settle(last?.class ?? 'other');
  useKeys(shown ? { e: close, r: () => composer.current?.focus() } : {});
  return (
    <section className={classes.conversation} aria-label={t('conversation')}>
      <Loaded query={conversation}>
        {({ lead, items }) => (
          <>
            <header className={classes.head}>
              <Group gap="sm" wrap="nowrap" miw={0}>
                <Button
                  className={classes.back}
                  variant="subtle"
                  size="compact-sm"
                  onClick={onBack}
                  leftSection={<IconArrowLeft size={16} aria-hidden />}
                >
                  {t('common:action.back')}
                </Button>
                <Link to="/leads/$id" params={{ id: leadId }} className={classes.leadLink}>
                  <LeadName
                    name={lead.name || lead.email || t('unknown')}
                    company={lead.company}
                    zone={lead.timeZone}
                  />
                </Link>
              </Group>
              {last && (
                <Group gap="xs" wrap="nowrap">
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <Button
                        size="compact-sm"
                        variant="default"
                        rightSection={<IconChevronDown size={14} aria-hidden />}
                      >
                        {t(`class.${last.class ?? 'other'}`)}
                      </Button>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Label>{t('class.means')}</Menu.Label>
                      {CLASSES.map((as) => (
                        <Menu.Item key={as} onClick={() => settle(as)}>
                          {t(`class.${as}`)}
                        </Menu.Item>
                      ))}
                    </Menu.Dropdown>
                  </Menu>
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={close}
                    aria-keyshortcuts="e"
                    rightSection={<kbd aria-hidden>e</kbd>}
                  >
                    {t('close')}
                  </Button>
                </Group>
              )}
            </header>
            <ol ref={messages} className={classes.messages} tabIndex={0} aria-label={t('messages')}>
              {why && (
                <li>
                  <Why why={why} />
                </li>
              )}
              {items.map((one) => (
                <Message key={one.id} one={one} zone={lead.timeZone} />
              ))}
              <li ref={end} aria-hidden />
            </ol>
            <Composer
              ref={composer}
              leadId={leadId}
              lead={lead}
              answers={last ?? null}
              onSend={() => {
                messages.current?.focus();
                onSend();
              }}
              onSent={() => void again()}
            />
          </>
        )}
      </Loaded>
    </section>
  );
}

function Message({ one, zone }: { one: Utterance; zone: string }) {
  const { t } = useTranslation(['inbox', 'common']);
  const [original, setOriginal] = useState(false);
  const [script, setScript] = useState(false);
  // What was to be said or done, and not to whom it was written.
  const byHand = one.from === 'us' && (one.channel === 'call' || one.channel === 'task');
  const word = useWord();
  const client = useQueryClient();
  const settle = useMutation({
    mutationFn: (sent: boolean) => call('inbox.settle', { path: { id: one.id }, body: { sent } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['inbox'] }),
  });
  const src = (images: boolean) =>
    addressOf('inbox.html', { path: { id: one.id }, query: images ? { images: true } : {} });
  return (
    <li className={classes.message} data-from={one.from}>
      <div className={classes.meta}>
        <Channel channel={one.channel} bare />
        <Text span size="xs" c="dimmed">
          {one.from === 'us' ? (one.sender ?? t('us')) : t('them')} · <Instant at={one.at} zone={zone} />
          {one.step && ` · ${one.step}`}
        </Text>
        {one.class && <Badge tone={TONES[one.class]}>{t(`class.${one.class}`)}</Badge>}
        {one.state === 'unconfirmed' && <Badge tone="bad">{t('unconfirmed')}</Badge>}
      </div>
      <div className={classes.bubble}>
        {one.subject && (
          <Text fw={600}>
            <bdi>{one.subject}</bdi>
          </Text>
        )}
        {byHand && (
          <Text>
            {t(`common:channel.${one.channel as 'call'}`)}
            {one.outcome && `: ${word(one.outcome)}`}
          </Text>
        )}
        {original ? (
          <MessageFrame src={src(false)} withImages={src(true)} />
        ) : (
          (!byHand || script) && (
            <p className={classes.body}>
              <bdi>{one.body}</bdi>
            </p>
          )
        )}
        {byHand && one.body && (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-expanded={script}
            onClick={() => setScript(!script)}
          >
            {t(script ? 'hideScript' : 'showScript')}
          </Button>
        )}
        {one.from === 'lead' && one.channel === 'email' && (
          <Button size="compact-xs" variant="subtle" onClick={() => setOriginal(!original)}>
            {original ? t('asText') : t('asMail')}
          </Button>
        )}
        {one.state === 'unconfirmed' && (
          <Group gap="xs" mt="xs">
            <Text size="sm">{t('wasItSent')}</Text>
            <Button size="compact-sm" variant="default" onClick={() => settle.mutate(true)}>
              {t('wasSent')}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => settle.mutate(false)}>
              {t('wasNotSent')}
            </Button>
          </Group>
        )}
      </div>
    </li>
  );
}
