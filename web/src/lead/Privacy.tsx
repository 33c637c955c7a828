import { Button, Group, Modal, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call, type Answer } from '../api/client.ts';
import { useMe } from '../shell/session.ts';
import { typed } from '../ui/form.ts';
import { done } from '../ui/notify.tsx';
import { nowInstant } from '../ui/time.ts';
import { leadKey } from './queries.ts';

type Lead = Answer<'leads.read'>;
const STATUSES = ['unknown', 'given', 'refused'] as const;

/** Consent, everything that is held, and erasing it. */
export function Privacy({ lead, name, version }: { lead: Lead; name: string; version: string | null }) {
  const { t } = useTranslation(['lead', 'common']);
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayErase = useMe().role !== 'rep';
  const [status, setStatus] = useState(lead.consent.status);
  const [erasing, setErasing] = useState(false);
  const path = { id: lead.id };
  const save = useMutation({
    mutationFn: (source: string) =>
      call(
        'leads.change',
        { path, body: { consent: { status, source: source || null, at: nowInstant() } } },
        version ? { ifMatch: version } : {},
      ),
    onSuccess() {
      done(t('profile.saved'));
      void client.invalidateQueries({ queryKey: leadKey(lead.id) });
    },
  });
  const erase = useMutation({
    mutationFn: (typedName: string) => call('leads.erase', { path, body: { name: typedName } }),
    onSuccess() {
      setErasing(false);
      done(t('privacy.erased'));
      client.removeQueries({ queryKey: leadKey(lead.id) });
      void client.invalidateQueries({ queryKey: ['leads'] });
      void navigate({ to: '/leads' });
    },
  });
  return (
    <Stack>
      <form onSubmit={(event) => save.mutate(typed<'source'>(event).source)}>
        <Stack gap="sm" align="start">
          <SegmentedControl
            aria-label={t('privacy.consent')}
            value={status}
            onChange={(value) => setStatus(STATUSES.find((one) => one === value) ?? 'unknown')}
            data={STATUSES.map((value) => ({ value, label: t(`privacy.status.${value}`) }))}
          />
          <TextInput
            name="source"
            label={t('privacy.source')}
            placeholder={t('privacy.sourcePlaceholder')}
            defaultValue={lead.consent.source ?? ''}
            w="100%"
          />
          <Button type="submit" variant="default" loading={save.isPending}>
            {t('common:action.save')}
          </Button>
        </Stack>
      </form>
      <Group mt="md">
        <Button
          variant="default"
          component="a"
          href={addressOf('leads.export', { path })}
          download={`${name}.json`}
        >
          {t('privacy.export')}
        </Button>
        {mayErase && (
          <Button variant="default" c="var(--mantine-color-error)" onClick={() => setErasing(true)}>
            {t('privacy.erase')}
          </Button>
        )}
      </Group>
      <Modal
        opened={erasing}
        onClose={() => setErasing(false)}
        title={t('privacy.eraseTitle', { name })}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        <form onSubmit={(event) => erase.mutate(typed<'name'>(event).name)}>
          <Stack>
            <Text>{t('privacy.eraseText')}</Text>
            <TextInput
              name="name"
              label={t('privacy.eraseLabel')}
              placeholder={name}
              required
              data-autofocus
            />
            <Button type="submit" color="red.9" loading={erase.isPending}>
              {t('privacy.erase')}
            </Button>
          </Stack>
        </form>
      </Modal>
    </Stack>
  );
}
