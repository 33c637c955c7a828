import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';
import { problemText } from '../api/problem-text.ts';
import type { Me } from './session.ts';

/** The identity provider by which people sign in here, if there is one. */
export const useProvider = (enabled = true) =>
  useQuery({
    enabled,
    queryKey: ['sign-in methods'],
    queryFn: ({ signal }) => call('session.methods', undefined, { signal }),
    staleTime: Infinity,
  }).data?.oidc;

/** Email and password; below the button, `children`. `email`: whose it is, where that is known. */
export function PasswordForm({
  email: known = '',
  onEntered,
  children,
}: {
  email?: string;
  onEntered: (me: Me) => void;
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const [email, setEmail] = useState(known);
  const [password, setPassword] = useState('');
  const signIn = useMutation({
    mutationFn: () => call('session.signIn', { body: { email, password } }),
    onSuccess: onEntered,
    onError: () => {},
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        signIn.mutate();
      }}
    >
      <Stack>
        <TextInput
          label={t('signIn.email')}
          type="email"
          name="email"
          autoComplete="username"
          required
          withAsterisk={false}
          autoFocus={known === ''}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('signIn.password')}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          autoFocus={known !== ''}
          data-autofocus={known !== '' || undefined}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        {signIn.isError && (
          <Text c="var(--mantine-color-error)" size="sm" role="alert">
            {problemText(signIn.error)}
          </Text>
        )}
        <Button type="submit" loading={signIn.isPending}>
          {t('signIn.submit')}
        </Button>
        {children}
      </Stack>
    </form>
  );
}
