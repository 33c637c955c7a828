import { Anchor, Button, Modal, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf } from '../api/client.ts';
import { look, noteSignedIn, useStanding } from '../api/connection.ts';
import { PasswordForm, useProvider } from './PasswordForm.tsx';
import { meQuery, useMe } from './session.ts';

/** When the session has ended: asks to sign in again over the page, which keeps what was typed, and shows nothing of it meanwhile. */
export function SignedOut() {
  const { t } = useTranslation();
  const me = useMe();
  const client = useQueryClient();
  const opened = useStanding() === 'signedOut';
  const provider = useProvider(opened);
  // Whoever signed in elsewhere comes back to this window.
  useEffect(() => {
    if (!opened) return;
    const again = () => void look();
    window.addEventListener('focus', again);
    return () => window.removeEventListener('focus', again);
  }, [opened]);
  return (
    <Modal
      opened={opened}
      onClose={() => {}}
      withCloseButton={false}
      title={t('signIn.endedTitle')}
      size={400}
      zIndex={500}
      overlayProps={{ backgroundOpacity: 1, color: 'var(--c-ground)' }}
    >
      <Text size="sm" mb="md">
        {t('signIn.endedText')}
      </Text>
      <PasswordForm
        email={me.email}
        onEntered={(entered) => {
          // Somebody else's page is not theirs to go on with.
          if (entered.id !== me.id) return location.assign('/today');
          client.setQueryData(meQuery.queryKey, entered);
          noteSignedIn();
        }}
      >
        {provider && (
          <Button variant="default" component="a" href={addressOf('session.oidc')} target="_blank">
            {t('signIn.with', { name: provider.name })}
          </Button>
        )}
        <Anchor href="/sign-in" size="sm">
          {t('signIn.other')}
        </Anchor>
      </PasswordForm>
    </Modal>
  );
}
