import { Button, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../../api/client.ts';
import { isLanguageName, speak } from '../../i18n/index.ts';
import { meQuery, useMe } from '../../shell/session.ts';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { done } from '../../ui/notify.tsx';

/** One's own name, language and password. */
export function Profile() {
  const { t, i18n } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const me = useMe();
  const isAdmin = me.role === 'admin';
  const form = useRef<HTMLFormElement>(null);
  const change = useMutation({
    mutationFn: (body: { name?: string; locale?: 'en' | 'tr' }) => call('me.change', { body }),
    onSuccess(user) {
      client.setQueryData(meQuery.queryKey, user);
      done(t('saved'));
    },
  });
  const setPassword = useMutation({
    mutationFn: (body: { current: string | null; password: string }) => call('me.setPassword', { body }),
    onSuccess() {
      form.current?.reset();
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
      done(t('profile.passwordSet'));
    },
  });
  return (
    <>
      <Card title={t('part.profile')}>
        <form onSubmit={(event) => change.mutate({ name: typed<'name'>(event).name })}>
          <Stack maw={420}>
            <TextInput label={t('email')} value={me.email} readOnly />
            <TextInput
              name="name"
              label={t('name')}
              defaultValue={me.name}
              required
              maxLength={200}
              {...(!isAdmin && { readOnly: true, description: t('profile.nameHint') })}
            />
            <Select
              label={t('profile.language')}
              data={[
                { value: 'en', label: 'English' },
                { value: 'tr', label: 'Türkçe' },
              ]}
              value={i18n.language}
              onChange={(value) => {
                if (!isLanguageName(value)) return;
                void speak(value);
                change.mutate({ locale: value });
              }}
            />
            {isAdmin && (
              <Button type="submit" loading={change.isPending} style={{ alignSelf: 'start' }}>
                {t('common:action.save')}
              </Button>
            )}
          </Stack>
        </form>
      </Card>
      <Card title={t('profile.password')}>
        <form
          ref={form}
          onSubmit={(event) => {
            const { current, password } = typed<'current' | 'password'>(event);
            setPassword.mutate({ current: me.hasPassword ? current : null, password });
          }}
        >
          <Stack maw={420}>
            <input type="hidden" autoComplete="username" value={me.email} readOnly />
            {me.hasPassword && (
              <PasswordInput
                name="current"
                label={t('profile.current')}
                autoComplete="current-password"
                required
              />
            )}
            <PasswordInput
              name="password"
              label={t('profile.new')}
              description={t('profile.passwordHint')}
              autoComplete="new-password"
              minLength={12}
              required
            />
            <Button type="submit" loading={setPassword.isPending} style={{ alignSelf: 'start' }}>
              {t('profile.setPassword')}
            </Button>
          </Stack>
        </form>
      </Card>
    </>
  );
}
