import { Anchor, Button, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { addressOf, call } from '../api/client.ts';
import { problemText } from '../api/problem-text.ts';
import { noteSignedIn } from '../api/connection.ts';
import { isLanguageName, speak } from '../i18n/index.ts';
import { PasswordForm, useProvider } from './PasswordForm.tsx';
import { meQuery, type Me } from './session.ts';
import classes from './SignIn.module.css';

function Sheet({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Cadenza`;
  }, [title]);
  return (
    <main className={classes.page}>
      <Paper className={classes.sheet} withBorder p="xl" radius="lg">
        <img src="/icon.svg" alt="" width={36} height={36} />
        <Title order={1} mt="md" mb="lg">
          {title}
        </Title>
        {children}
      </Paper>
    </main>
  );
}

/** Only a path of ours: what stands in a link must not lead elsewhere. */
const localPath = (to: string | undefined): string => (to && /^\/(?![/\\])/.test(to) ? to : '/today');

function useEnter(to: string | undefined): (me: Me) => void {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (me) => {
    noteSignedIn();
    client.setQueryData(meQuery.queryKey, me);
    if (isLanguageName(me.locale)) void speak(me.locale);
    void navigate({ to: localPath(to) });
  };
}

/** Why nobody came in by the identity provider, as the server says it. */
const FAILURES = ['provider_away', 'unknown_user', 'disabled_user', 'unverified_email', 'expired'] as const;

/** By password, or by the identity provider. */
export function SignIn() {
  const { t } = useTranslation();
  const { to, error } = useSearch({ from: '/sign-in' });
  const provider = useProvider();
  const enter = useEnter(to);
  return (
    <Sheet title={t('signIn.title')}>
      <PasswordForm onEntered={enter}>
        {error && (
          <Text c="var(--mantine-color-error)" size="sm" role="alert">
            {t(`signIn.failed.${FAILURES.find((one) => one === error) ?? 'other'}`)}
          </Text>
        )}
        {provider && (
          <Button
            variant="default"
            component="a"
            href={addressOf('session.oidc', { query: { to: localPath(to) } })}
          >
            {t('signIn.with', { name: provider.name })}
          </Button>
        )}
        <Text size="xs" c="dimmed">
          {t('signIn.link')}
        </Text>
      </PasswordForm>
    </Sheet>
  );
}

const MIN_PASSWORD = 12;

/** By a link that works once; opening it asks first, because mail scanners open links. */
export function SignInByLink() {
  const { t } = useTranslation();
  const { token } = useParams({ from: '/sign-in/$token' });
  const enter = useEnter('/today');
  const client = useQueryClient();
  const [me, setMe] = useState<Me | null>(null);
  const [password, setPassword] = useState('');
  const use = useMutation({
    mutationFn: () => call('session.useLink', { body: { token } }),
    onSuccess: (user) => {
      client.setQueryData(meQuery.queryKey, user);
      setMe(user);
    },
    onError: () => {},
  });
  const save = useMutation({
    mutationFn: async () => {
      await call('me.setPassword', { body: { current: null, password } });
      return call('me.read');
    },
    onSuccess: enter,
    onError: () => {},
  });
  if (!me)
    return (
      <Sheet title={t('signIn.linkTitle')}>
        <Stack>
          <Text>{t('signIn.linkText')}</Text>
          {use.isError && (
            <Text c="var(--mantine-color-error)" size="sm" role="alert">
              {problemText(use.error)} <Anchor href="/sign-in">{t('signIn.title')}</Anchor>
            </Text>
          )}
          <Button loading={use.isPending} onClick={() => use.mutate()}>
            {t('signIn.linkSubmit')}
          </Button>
        </Stack>
      </Sheet>
    );
  return (
    <Sheet title={t('signIn.newPassword')}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack>
          <PasswordInput
            label={t('signIn.password')}
            description={t('signIn.newPasswordText')}
            autoComplete="new-password"
            required
            minLength={MIN_PASSWORD}
            autoFocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {save.isError && (
            <Text c="var(--mantine-color-error)" size="sm" role="alert">
              {problemText(save.error)}
            </Text>
          )}
          <Button type="submit" loading={save.isPending}>
            {t('signIn.save')}
          </Button>
          <Button variant="subtle" onClick={() => enter(me)}>
            {t('signIn.later')}
          </Button>
        </Stack>
      </form>
    </Sheet>
  );
}
