import { Button, Group, Modal, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call, type Answer } from '../../api/client.ts';
import { useMe } from '../../shell/session.ts';
import { Badge } from '../../ui/Badge.tsx';
import { Card } from '../../ui/Card.tsx';
import { typed } from '../../ui/form.ts';
import { Instant } from '../../ui/Instant.tsx';
import { done } from '../../ui/notify.tsx';
import { Rows } from '../../ui/Rows.tsx';
import { Secret } from '../../ui/Secret.tsx';
import { Loaded } from '../../ui/states.tsx';

type User = Answer<'users.list'>['items'][number];
const ROLES = ['rep', 'manager', 'admin'] as const;
type Role = (typeof ROLES)[number];

export const usersQuery = {
  queryKey: ['users'],
  queryFn: ({ signal }: { signal: AbortSignal }) => call('users.list', undefined, { signal }),
} as const;

/** Who may sign in, and what they may see. */
export function Users() {
  const { t } = useTranslation(['settings', 'common']);
  const client = useQueryClient();
  const me = useMe();
  const users = useQuery(usersQuery);
  const [open, setOpen] = useState<User | 'new' | null>(null);
  const [link, setLink] = useState<string | null>(null);
  const invite = useMutation({
    mutationFn: (id: string) => call('users.link', { path: { id } }),
    onSuccess: (made) => setLink(made.link),
  });
  const isAdmin = me.role === 'admin';
  return (
    <Card
      title={t('part.users')}
      flush
      actions={isAdmin && <Button onClick={() => setOpen('new')}>{t('users.add')}</Button>}
    >
      <Loaded query={users} rows={4}>
        {({ items }) => (
          <Rows
            label={t('part.users')}
            rows={items}
            rowKey={({ id }) => id}
            columns={[
              {
                key: 'name',
                header: t('name'),
                render: (user) => (
                  <Stack gap={0}>
                    <bdi>{user.name}</bdi>
                    <Text span size="xs" c="dimmed">
                      {user.email}
                    </Text>
                  </Stack>
                ),
              },
              { key: 'role', header: t('users.role'), render: (user) => t(`users.roles.${user.role}`) },
              { key: 'team', header: t('users.team'), wide: true, render: (user) => user.team ?? '–' },
              {
                key: 'seen',
                header: t('users.lastSignIn'),
                wide: true,
                render: (user) => (user.lastSignInAt ? <Instant at={user.lastSignInAt} /> : t('never')),
              },
              {
                key: 'state',
                header: t('state'),
                render: (user) =>
                  user.disabledAt ? (
                    <Badge tone="warn">{t('users.disabled')}</Badge>
                  ) : (
                    <Badge tone="good">{t('users.active')}</Badge>
                  ),
              },
              {
                key: 'actions',
                header: '',
                render: (user) =>
                  isAdmin && (
                    <Group gap="xs" wrap="nowrap" justify="flex-end">
                      <Button size="compact-sm" variant="default" onClick={() => setOpen(user)}>
                        {t('common:action.edit')}
                      </Button>
                      <Button size="compact-sm" variant="default" onClick={() => invite.mutate(user.id)}>
                        {t('users.link')}
                      </Button>
                    </Group>
                  ),
              },
            ]}
          />
        )}
      </Loaded>
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={open === 'new' ? t('users.add') : t('users.edit')}
        closeButtonProps={{ 'aria-label': t('common:action.close') }}
      >
        {open !== null && (
          <UserForm
            user={open === 'new' ? null : open}
            onDone={(made) => {
              setOpen(null);
              setLink(made);
              void client.invalidateQueries({ queryKey: ['users'] });
            }}
          />
        )}
      </Modal>
      <Secret
        title={t('users.linkTitle')}
        text={t('users.linkText')}
        value={link}
        onClose={() => setLink(null)}
      />
    </Card>
  );
}

function UserForm({ user, onDone }: { user: User | null; onDone: (link: string | null) => void }) {
  const { t } = useTranslation(['settings', 'common']);
  const [role, setRole] = useState<Role>(user?.role ?? 'rep');
  const [knownAs, setKnownAs] = useState<string[]>([...(user?.knownAs ?? [])]);
  const save = useMutation({
    async mutationFn({ email, name, team }: Record<'email' | 'name' | 'team', string>) {
      const fields = { name, role, team: team || null, knownAs };
      if (!user) return (await call('users.add', { body: { ...fields, email } })).link;
      await call('users.change', { path: { id: user.id }, body: fields }, { ifMatch: `"${user.version}"` });
      return null;
    },
    onSuccess(link) {
      done(t('saved'));
      onDone(link);
    },
  });
  const disable = useMutation({
    mutationFn: (disabled: boolean) =>
      call('users.change', { path: { id: user!.id }, body: { disabled } }, { ifMatch: `"${user!.version}"` }),
    onSuccess: () => onDone(null),
  });
  return (
    <form onSubmit={(event) => save.mutate(typed(event))}>
      <Stack>
        <TextInput
          name="email"
          type="email"
          label={t('email')}
          required
          defaultValue={user?.email}
          readOnly={user !== null}
          data-autofocus={user === null || undefined}
        />
        <TextInput name="name" label={t('name')} required defaultValue={user?.name} maxLength={200} />
        <Select
          label={t('users.role')}
          description={t(`users.roleHint.${role}`)}
          data={ROLES.map((value) => ({ value, label: t(`users.roles.${value}`) }))}
          value={role}
          onChange={(value) => setRole(ROLES.find((one) => one === value) ?? 'rep')}
        />
        <TextInput name="team" label={t('users.team')} defaultValue={user?.team ?? ''} maxLength={100} />
        <TagsInput
          label={t('users.knownAs')}
          description={t('users.knownAsHint')}
          value={knownAs}
          onChange={setKnownAs}
          maxTags={20}
        />
        <Group justify="space-between">
          {user ? (
            <Button
              variant="default"
              loading={disable.isPending}
              onClick={() => disable.mutate(user.disabledAt === null)}
            >
              {user.disabledAt ? t('users.enable') : t('users.disable')}
            </Button>
          ) : (
            <span />
          )}
          <Button type="submit" loading={save.isPending}>
            {user ? t('common:action.save') : t('users.invite')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
