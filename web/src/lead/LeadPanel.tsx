import { Button, Group, Menu, Stack, Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconChevronDown } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';
import { done, soon } from '../ui/notify.tsx';
import { Loaded } from '../ui/states.tsx';
import classes from './LeadPanel.module.css';
import { Postpone } from './Postpone.tsx';
import { Privacy } from './Privacy.tsx';
import { Profile } from './Profile.tsx';
import { leadKey, profileQuery, whyQuery } from './queries.ts';
import { Timeline } from './Timeline.tsx';
import { Who } from './Who.tsx';
import { Why } from './Why.tsx';

/**
 * A lead, the same everywhere: who it is, why it waits, what can be done, its history, profile and privacy. `page`: on a page of its
 * own, whose title is the name; a wide one has the profile beside the history.
 */
export function LeadPanel({ id, page = false }: { id: string; page?: boolean }) {
  const { t } = useTranslation('lead');
  const why = useQuery(whyQuery(id));
  const profile = useQuery(profileQuery(id));
  const beside = useMediaQuery('(min-width: 78em)', false, { getInitialValueInEffect: false }) && page;
  return (
    <Loaded query={profile} rows={8}>
      {({ answer: lead, version }) => {
        const name = [lead.firstName, lead.lastName].filter(Boolean).join(' ') || (lead.emails[0] ?? lead.id);
        const history = <Timeline leadId={id} />;
        const about = (
          <Tabs defaultValue={beside ? 'profile' : 'history'} keepMounted={false} key={String(beside)}>
            <Tabs.List mb="md">
              {!beside && <Tabs.Tab value="history">{t('panel.history')}</Tabs.Tab>}
              <Tabs.Tab value="profile">{t('panel.profile')}</Tabs.Tab>
              <Tabs.Tab value="privacy">{t('panel.privacy')}</Tabs.Tab>
            </Tabs.List>
            {!beside && <Tabs.Panel value="history">{history}</Tabs.Panel>}
            <Tabs.Panel value="profile">
              <Profile key={version} lead={lead} version={version} />
            </Tabs.Panel>
            <Tabs.Panel value="privacy">
              <Privacy lead={lead} name={name} version={version} />
            </Tabs.Panel>
          </Tabs>
        );
        return (
          <div className={classes.panel} data-beside={beside || undefined}>
            <Stack className={classes.main}>
              <Who lead={lead} {...(!page && { name })} />
              <Loaded query={why} rows={2}>
                {(facts) => (
                  <>
                    <Why why={facts} />
                    <Steering
                      id={id}
                      name={name}
                      active={['pending', 'running'].includes(facts.enrollment?.status ?? '')}
                      paused={facts.blocks.some(
                        ({ kind, subject }) => kind === 'paused' && subject === 'lead',
                      )}
                      held={facts.enrollment?.held ?? false}
                    />
                  </>
                )}
              </Loaded>
              {beside ? history : about}
            </Stack>
            {beside && <div className={classes.aside}>{about}</div>}
          </div>
        );
      }}
    </Loaded>
  );
}

const EVENTS = ['replied', 'meeting_booked', 'goal', 'accepted'] as const;

/** What can be done with the lead's sequence. */
function Steering({
  id,
  name,
  active,
  paused,
  held,
}: {
  id: string;
  name: string;
  active: boolean;
  paused: boolean;
  held: boolean;
}) {
  const { t } = useTranslation('lead');
  const client = useQueryClient();
  const [postponing, setPostponing] = useState(false);
  const path = { id };
  const again = () => client.invalidateQueries({ queryKey: leadKey(id) });
  const steer = useMutation({
    mutationFn: async ({ act }: { act: () => Promise<unknown>; said: string }) => act(),
    onSuccess(_answer, { said }) {
      done(said);
      void again();
    },
  });
  return (
    <Group gap="xs">
      {active && (
        <Button
          variant="default"
          size="compact-md"
          loading={steer.isPending}
          onClick={() =>
            steer.mutate(
              paused
                ? { act: () => call('leads.resume', { path }), said: t('panel.resumed') }
                : { act: () => call('leads.pause', { path, body: {} }), said: t('panel.paused') },
            )
          }
        >
          {paused ? t('panel.resume') : t('panel.pause')}
        </Button>
      )}
      {active && held && (
        <Button
          size="compact-md"
          onClick={() => steer.mutate({ act: () => call('leads.retry', { path }), said: t('panel.retried') })}
        >
          {t('panel.retry')}
        </Button>
      )}
      {!active && (
        <Button
          size="compact-md"
          variant="default"
          renderRoot={(props) => <Link to="/launches/new" search={{ leads: id }} {...props} />}
        >
          {t('panel.launch')}
        </Button>
      )}
      <Menu position="bottom-start">
        <Menu.Target>
          <Button
            variant="default"
            size="compact-md"
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t('panel.more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {active && (
            <>
              <Menu.Item
                onClick={() =>
                  steer.mutate({ act: () => call('leads.skip', { path }), said: t('panel.skipped') })
                }
              >
                {t('panel.skip')}
              </Menu.Item>
              <Menu.Item onClick={() => setPostponing(true)}>{t('panel.postpone')}</Menu.Item>
              <Menu.Item
                onClick={() =>
                  soon(t('panel.stopping', { name }), async () => {
                    await call('leads.stop', { path, body: {} });
                    void again();
                  })
                }
              >
                {t('panel.stop')}
              </Menu.Item>
            </>
          )}
          <Menu.Item
            onClick={() =>
              soon(t('panel.suppressing', { name }), async () => {
                await call('leads.suppress', { path, body: {} });
                void again();
              })
            }
          >
            {t('panel.suppress')}
          </Menu.Item>
          <Menu.Label>{t('panel.event')}</Menu.Label>
          {EVENTS.map((type) => (
            <Menu.Item
              key={type}
              onClick={() =>
                steer.mutate({
                  act: () => call('leads.event', { path, body: { type } }),
                  said: t('panel.recorded'),
                })
              }
            >
              {t(`panel.events.${type}`)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Postpone id={id} opened={postponing} onClose={() => setPostponing(false)} />
    </Group>
  );
}
