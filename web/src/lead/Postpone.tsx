import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';
import { typed } from '../ui/form.ts';
import { done } from '../ui/notify.tsx';
import { MY_ZONE } from '../ui/time.ts';
import { leadKey } from './queries.ts';

/** Asks when a lead's next step is to come, where somebody asked for another time. */
export function Postpone({ id, opened, onClose }: { id: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation(['lead', 'common']);
  const client = useQueryClient();
  const postpone = useMutation({
    mutationFn: (at: string) =>
      call('leads.reschedule', { path: { id }, body: { to: new Date(at).toISOString() } }),
    onSuccess() {
      done(t('postpone.done'));
      void client.invalidateQueries({ queryKey: leadKey(id) });
      onClose();
    },
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('postpone.title')}
      closeButtonProps={{ 'aria-label': t('common:action.close') }}
    >
      <form onSubmit={(event) => postpone.mutate(typed<'at'>(event).at)}>
        <Stack>
          <Text size="sm">{t('postpone.text')}</Text>
          <TextInput
            name="at"
            type="datetime-local"
            label={t('postpone.at')}
            description={t('postpone.zone', { zone: MY_ZONE })}
            required
            data-autofocus
          />
          <Group justify="flex-end">
            <Button type="submit" loading={postpone.isPending}>
              {t('postpone.move')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
