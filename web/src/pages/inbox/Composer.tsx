import { Button, Checkbox, Group, Menu, Text, Textarea, TextInput } from '@mantine/core';
import { IconMessagePlus, IconPencil } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { call, newKey, type Answer } from '../../api/client.ts';
import { reached } from '../../api/connection.ts';
import { problemText } from '../../api/problem-text.ts';
import { leadKey } from '../../lead/queries.ts';
import { Channel } from '../../ui/Channel.tsx';
import { typed } from '../../ui/form.ts';
import { keep, kept, useKept } from '../../ui/kept.ts';
import { Notice } from '../../ui/Notice.tsx';
import { done, failed, soon } from '../../ui/notify.tsx';
import classes from './Inbox.module.css';
import { SnippetList } from './SnippetList.tsx';

type Lead = Answer<'inbox.conversation'>['lead'];
type Utterance = Answer<'inbox.conversation'>['items'][number];

const DRAFT = (leadId: string) => `cadenza.reply.${leadId}`;

/** An answer in the thread. What was typed and not sent is still there when one comes back. */
export function Composer({
  ref,
  leadId,
  lead,
  answers,
  onSend,
  onSent,
}: {
  ref: Ref<HTMLTextAreaElement>;
  leadId: string;
  lead: Lead;
  answers: Utterance | null;
  /** It is about to be sent. */
  onSend: () => void;
  onSent: () => void;
}) {
  const { t } = useTranslation(['inbox', 'common']);
  const [text, write] = useKept(DRAFT(leadId));
  const suppressed = useQuery({
    queryKey: [...leadKey(leadId), 'suppressed'],
    queryFn: ({ signal }) => call('leads.suppressed', { path: { id: leadId } }, { signal }),
    enabled: answers !== null,
  }).data;
  const [anyway, setAnyway] = useState(false);
  if (!answers)
    return (
      <Text className={classes.composer} size="sm" c="dimmed">
        {t('noAnswerYet')}
      </Text>
    );
  const mayNot = suppressed && (suppressed.all || suppressed.channels.some((one) => one === answers.channel));
  const ready = text.trim() !== '' && (!mayNot || anyway);
  const send = () => {
    const said = text.trim();
    if (!ready) return;
    const idempotencyKey = newKey();
    write('');
    setAnyway(false);
    onSend();
    // What was typed since stays, below.
    const back = () => keep(DRAFT(leadId), [said, kept(DRAFT(leadId))].filter(Boolean).join('\n\n'));
    soon(
      t('sending', { name: lead.name || lead.email }),
      () =>
        reached(() =>
          call(
            'inbox.reply',
            { path: { id: leadId }, body: { text: said, messageId: answers.id, anyway } },
            { idempotencyKey },
          ),
        )
          .then(onSent)
          .catch((error: unknown) => {
            back();
            failed(problemText(error));
          }),
      back,
    );
  };
  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {mayNot && (
        <Notice
          tone="warn"
          title={t('mayNot', { channel: t(`common:channel.${answers.channel as 'email'}`) })}
        >
          <Checkbox
            size="sm"
            label={t('mayNotBut')}
            checked={anyway}
            onChange={(event) => setAnyway(event.currentTarget.checked)}
          />
        </Notice>
      )}
      <Textarea
        ref={ref}
        aria-label={t('reply')}
        placeholder={t('replyTo', { name: lead.name || lead.email })}
        value={text}
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            send();
          }
        }}
        autosize
        minRows={3}
        maxRows={12}
      />
      <Group justify="space-between" mt="xs">
        <Group gap="xs">
          <Channel channel={answers.channel} />
          <Snippets lead={lead} text={text} onInsert={(said) => write(text ? `${text}\n${said}` : said)} />
        </Group>
        <Button type="submit" disabled={!ready} rightSection={<kbd aria-hidden>Ctrl ⏎</kbd>}>
          {t('common:action.send')}
        </Button>
      </Group>
    </form>
  );
}

/** Texts that are written often: put in with the lead's name, or made of what was just typed. */
function Snippets({ lead, text, onInsert }: { lead: Lead; text: string; onInsert: (text: string) => void }) {
  const { t } = useTranslation(['inbox', 'common']);
  const client = useQueryClient();
  const snippets = useQuery({
    queryKey: ['snippets'],
    queryFn: ({ signal }) => call('snippets.list', undefined, { signal }),
    staleTime: 5 * 60_000,
  });
  const keep = useMutation({
    mutationFn: (name: string) => call('snippets.add', { body: { name, text } }),
    onSuccess() {
      done(t('snippets.kept'));
      void client.invalidateQueries({ queryKey: ['snippets'] });
    },
  });
  const [editing, setEditing] = useState(false);
  const [first = ''] = lead.name.split(' ');
  const fill = (template: string) =>
    template
      .replaceAll(/\{\{\s*(?:lead\.)?first_?name\s*\}\}/gi, first)
      .replaceAll(/\{\{\s*(?:lead\.)?company\s*\}\}/gi, lead.company ?? '');
  const menu = (
    <Menu position="top-start" width={300} closeOnItemClick>
      <Menu.Target>
        <Button size="compact-sm" variant="subtle" leftSection={<IconMessagePlus size={16} aria-hidden />}>
          {t('snippets.title')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(snippets.data?.items ?? []).map((snippet) => (
          <Menu.Item key={snippet.id} onClick={() => onInsert(fill(snippet.text))}>
            {snippet.name}
          </Menu.Item>
        ))}
        {snippets.data?.items.length === 0 && <Menu.Label>{t('snippets.empty')}</Menu.Label>}
        {text.trim() && (
          <form onSubmit={(event) => keep.mutate(typed<'name'>(event).name)}>
            <TextInput
              name="name"
              label={t('snippets.keep')}
              placeholder={t('snippets.name')}
              required
              p="xs"
            />
          </form>
        )}
        <Menu.Divider />
        <Menu.Item leftSection={<IconPencil size={14} aria-hidden />} onClick={() => setEditing(true)}>
          {t('snippets.edit')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <>
      {menu}
      <SnippetList snippets={snippets.data?.items ?? []} opened={editing} onClose={() => setEditing(false)} />
    </>
  );
}
