import { Button, Group, Menu, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconChevronDown, IconPlayerPause } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { seesEverything, useMe } from '../../shell/session.ts';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { useControls, type Target } from './controls.ts';

/** What is about to be paused; a sender or a sequence without an id is yet to be chosen. */
export type ToPause = Target & { readonly name: string };

/** Asks why, and pauses. A sender or a sequence is chosen here, too. */
export function PauseDialog({ what, onClose }: { what: ToPause | null; onClose: () => void }) {
  const { t } = useTranslation(['launches', 'common']);
  return (
    <Modal
      opened={what !== null}
      onClose={onClose}
      title={what && titleOf(t, what)}
      closeButtonProps={{ 'aria-label': t('common:action.close') }}
    >
      {what && <PauseForm what={what} onDone={onClose} />}
    </Modal>
  );
}

function titleOf(t: ReturnType<typeof useTranslation<['launches', 'common']>>['t'], what: ToPause): string {
  if (what.scope === 'all') return t('pauseAll');
  if (what.id) return t('pauseOne', { name: what.name });
  return t(what.scope === 'sequence' ? 'pauseSequence' : 'pauseSender');
}

function PauseForm({ what, onDone }: { what: ToPause; onDone: () => void }) {
  const { t } = useTranslation(['launches', 'common']);
  const { pause } = useControls();
  const [chosen, setChosen] = useState<string | null>(null);
  const choosing = what.scope !== 'all' && what.id === null;
  return (
    <form
      onSubmit={(event) => {
        const { reason } = typed<'reason'>(event);
        pause.mutate({ scope: what.scope, id: what.id ?? chosen, reason }, { onSuccess: onDone });
      }}
    >
      <Stack>
        {choosing && <Choose scope={what.scope} value={chosen} onChange={setChosen} />}
        <TextInput
          name="reason"
          label={t('why')}
          placeholder={t('whyHint')}
          maxLength={500}
          {...(!choosing && { 'data-autofocus': true })}
        />
        {what.scope === 'sequence' && (
          <Text size="sm" c="dimmed">
            {t('pauseSequenceHint')}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={pause.isPending} disabled={choosing && chosen === null}>
            {t('pause')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Choose({
  scope,
  value,
  onChange,
}: {
  scope: Target['scope'];
  value: string | null;
  onChange: (value: string | null) => void;
}) {
  const { t } = useTranslation('launches');
  const senders = useQuery({
    queryKey: ['senders', 'launch', null],
    queryFn: ({ signal }) => call('launches.senders', undefined, { signal }),
    enabled: scope === 'sender',
  }).data?.items;
  const sequences = useSequences(scope === 'sequence');
  return (
    <Select
      label={t(scope === 'sender' ? 'scope.sender' : 'step.sequence')}
      data-autofocus
      searchable
      value={value}
      onChange={onChange}
      data={
        scope === 'sender'
          ? (senders ?? [])
              .filter(({ paused }) => !paused)
              .map(({ id, name, address }) => ({ value: id, label: `${name} (${address})` }))
          : sequences.map(({ id, title }) => ({ value: id, label: title }))
      }
    />
  );
}

/** The sequences that are published; none until they are there. */
export const useSequences = (enabled = true): Answer<'sequences.list'>['items'] =>
  useQuery({
    queryKey: ['sequences', 'list', ''],
    queryFn: ({ signal }) => call('sequences.list', { query: { limit: 200 } }, { signal }),
    enabled,
  }).data?.items ?? [];

/** Pauses everything, a sender or a sequence, from the list of launches. */
export function PauseMenu({ onChoose }: { onChoose: (what: ToPause) => void }) {
  const { t } = useTranslation('launches');
  const mayAll = seesEverything(useMe());
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconPlayerPause size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {t('pause')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {mayAll && (
          <Menu.Item onClick={() => onChoose({ scope: 'all', id: null, name: '' })}>
            {t('pauseAll')} …
          </Menu.Item>
        )}
        <Menu.Item onClick={() => onChoose({ scope: 'sender', id: null, name: '' })}>
          {t('pauseSender')} …
        </Menu.Item>
        <Menu.Item onClick={() => onChoose({ scope: 'sequence', id: null, name: '' })}>
          {t('pauseSequence')} …
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

type Pause = Answer<'pauses.list'>['items'][number];

/** Why, by whom, since when. */
export function PauseStory({ of: { reason, byName, at } }: { of: Pause }) {
  const { t } = useTranslation('launches');
  return (
    <>
      {reason === 'paused by hand' ? t('noReason') : <bdi>{reason}</bdi>} ·{' '}
      {byName && (
        <>
          <bdi>{byName}</bdi> ·{' '}
        </>
      )}
      <Instant at={at} />
    </>
  );
}
