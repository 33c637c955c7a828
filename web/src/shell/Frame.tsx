import { Menu, Text, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { IconSearch, IconUserCircle } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { call } from '../api/client.ts';
import { notePerson } from '../api/connection.ts';
import { LANGUAGES, speak } from '../i18n/index.ts';
import { useKeys } from '../ui/keys.ts';
import { doAllNow, undoLatest } from '../ui/notify.tsx';
import { Loading } from '../ui/states.tsx';
import { Away } from './Away.tsx';
import classes from './Frame.module.css';
import { KeysHelp } from './KeysHelp.tsx';
import { useLive } from './live.ts';
import { palette } from './palette-store.ts';
import { useCounts, useMe } from './session.ts';
import { PLACES } from './places.ts';
import { SignedOut } from './SignedOut.tsx';

const Palette = lazy(() => import('./Palette.tsx').then(({ Palette }) => ({ default: Palette })));

/** How long signing out waits for what is about to be sent, in ms. */
const PATIENCE_MS = 3000;

/** The one frame: where one can go at the left (below, on a phone), the page beside it. */
export function Frame() {
  const { t } = useTranslation();
  const counts = useCounts().data;
  useLive();
  const me = useMe();
  useEffect(() => notePerson(me.id), [me.id]);
  const [help, setHelp] = useState(false);
  useKeys({ '/': () => palette.open(), '?': () => setHelp(true), z: undoLatest });
  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#content">
        {t('nav.skip')}
      </a>
      <nav className={classes.rail} aria-label={t('nav.label')}>
        <div className={classes.brand} aria-hidden>
          <img src="/icon.svg" alt="" width={24} height={24} />
          <span className={classes.label}>Cadenza</span>
        </div>
        <UnstyledButton
          className={classes.search}
          onClick={() => palette.open()}
          aria-label={t('palette.open')}
        >
          <IconSearch size={16} aria-hidden />
          <span className={classes.label}>{t('palette.open')}</span>
          <kbd className={classes.label}>/</kbd>
        </UnstyledButton>
        <ul className={classes.places}>
          {PLACES.map(({ to, name, icon: Picture, ...place }) => {
            const count = 'count' in place ? counts?.[place.count] : undefined;
            return (
              <li key={to} data-wide={'wide' in place || undefined}>
                <Link
                  to={to}
                  className={classes.place}
                  activeProps={{ 'data-active': true }}
                  title={t(`nav.${name}`)}
                >
                  <Picture size={18} stroke={1.6} aria-hidden />
                  <span className={classes.label}>{t(`nav.${name}`)}</span>
                  {!!count && <span className={classes.count}>{count >= 1000 ? '999+' : count}</span>}
                </Link>
              </li>
            );
          })}
        </ul>
        <Account onKeys={() => setHelp(true)} />
      </nav>
      <main id="content" className={classes.main} tabIndex={-1}>
        <Outlet />
      </main>
      <Away />
      <Suspense fallback={null}>
        <Palette onKeys={() => setHelp(true)} />
      </Suspense>
      <KeysHelp opened={help} onClose={() => setHelp(false)} />
      <SignedOut />
    </div>
  );
}

function Account({ onKeys }: { onKeys: () => void }) {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  async function signOut() {
    await navigate({ to: '/sign-in' });
    // Whoever has unsaved text may stay, and is still signed in then.
    if (!location.pathname.startsWith('/sign-in')) return;
    await Promise.race([doAllNow(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    try {
      await call('session.signOut');
    } catch {
      return client.clear();
    }
    // Nothing of theirs is for whoever signs in next in this tab, nor is sent in their name.
    sessionStorage.clear();
    location.replace('/sign-in');
  }
  return (
    <Menu position="right-end" width={220} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={`${me.name}: ${t('me.menu')}`}>
          <IconUserCircle size={20} stroke={1.5} aria-hidden />
          <Text span size="sm" truncate className={classes.label}>
            {me.name}
          </Text>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.email}</Menu.Label>
        <Menu.Item onClick={() => void navigate({ to: '/settings' })}>{t('me.settings')}</Menu.Item>
        <Menu.Item onClick={onKeys} rightSection={<kbd aria-hidden>?</kbd>} className={classes.byKeyboard!}>
          {t('keys.title')}
        </Menu.Item>
        <Menu.Label>{t('me.language')}</Menu.Label>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            aria-current={i18n.language === language || undefined}
            onClick={() => {
              void speak(language);
              void call('me.change', { body: { locale: language } });
            }}
          >
            {{ en: 'English', tr: 'Türkçe' }[language]}
          </Menu.Item>
        ))}
        <Menu.Label>{t('me.appearance')}</Menu.Label>
        {(['light', 'dark', 'auto'] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            aria-current={colorScheme === scheme || undefined}
            onClick={() => setColorScheme(scheme)}
          >
            {t(`me.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item onClick={() => void signOut()}>{t('me.signOut')}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** While a page's code is on its way. */
export const Pending = () => <Loading />;
