import { Accordion, Button, Checkbox, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { typed } from '../../ui/form.ts';
import { done } from '../../ui/notify.tsx';

type Snippet = Answer<'snippets.list'>['items'][number];

export interface SnippetListProps {
  readonly snippets: readonly Snippet[];
  readonly opened: boolean;
  readonly onClose: () => void;
}

/** Snippets to be written, changed and taken away; everybody's are for managers to change. */
export function SnippetList({ snippets, opened, onClose }: SnippetListProps) {
  const { t } = useTranslation(['inbox', 'common']);
  const me = useMe();
  const isManager = me.role !== 'rep';
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('snippets.title')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('common:action.close') }}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {t('snippets.hint', { name: '{{first_name}}', company: '{{company}}' })}
        </Text>
        <Accordion variant="separated">
          {snippets.map((snippet) => (
            <Accordion.Item key={snippet.id} value={snippet.id}>
              <Accordion.Control>
                <Group gap="xs">
                  <bdi>{snippet.name}</bdi>
                  {snippet.ownerId === null && <Badge>{t('snippets.shared')}</Badge>}
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <One
                  key={snippet.version}
                  snippet={snippet}
                  mayChange={snippet.ownerId !== null || isManager}
                />
              </Accordion.Panel>
            </Accordion.Item>
          ))}
          <Accordion.Item value="new">
            <Accordion.Control>{t('snippets.new')}</Accordion.Control>
            <Accordion.Panel>
              <One key={snippets.length} snippet={null} mayChange mayShare={isManager} />
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      </Stack>
    </Modal>
  );
}

function One({
  snippet,
  mayChange,
  mayShare = false,
}: {
  snippet: Snippet | null;
  mayChange: boolean;
  mayShare?: boolean;
}) {
  const { t } = useTranslation(['inbox', 'common']);
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: async ({ act }: { act: () => Promise<unknown>; said: string }) => act(),
    onSuccess: (_answer, { said }) => done(said),
    onSettled: () => client.invalidateQueries({ queryKey: ['snippets'] }),
  });
  const path = { id: snippet?.id ?? '' };
  const version = { ifMatch: `"${snippet?.version}"` };
  return (
    <form
      onSubmit={(event) => {
        const { name, text, shared } = typed<'name' | 'text' | 'shared'>(event);
        const body = { name, text };
        change.mutate({
          act: () =>
            snippet
              ? call('snippets.change', { path, body }, version)
              : call('snippets.add', { body: { ...body, shared: shared === 'on' } }),
          said: t('snippets.kept'),
        });
      }}
    >
      <Stack gap="sm">
        <TextInput
          name="name"
          label={t('snippets.called')}
          required
          maxLength={100}
          readOnly={!mayChange}
          defaultValue={snippet?.name}
        />
        <Textarea
          name="text"
          label={t('snippets.text')}
          required
          autosize
          minRows={3}
          maxRows={12}
          readOnly={!mayChange}
          defaultValue={snippet?.text}
        />
        {mayShare && <Checkbox name="shared" label={t('snippets.share')} />}
        {mayChange && (
          <Group justify="flex-end">
            {snippet && (
              <Button
                variant="default"
                loading={change.isPending}
                onClick={() =>
                  change.mutate({
                    act: () => call('snippets.delete', { path }, version),
                    said: t('snippets.deleted'),
                  })
                }
              >
                {t('common:action.remove')}
              </Button>
            )}
            <Button type="submit" loading={change.isPending}>
              {t('common:action.save')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
