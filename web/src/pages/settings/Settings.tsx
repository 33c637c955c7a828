import { Link, useParams } from '@tanstack/react-router';
import { useEffect, useRef, type ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import { useMe, type Me } from '../../shell/session.ts';
import { Page } from '../../ui/Page.tsx';
import { Absences } from './Absences.tsx';
import { Audit } from './Audit.tsx';
import { Calendars } from './Calendars.tsx';
import { Consent } from './Consent.tsx';
import { Keys } from './Keys.tsx';
import { Profile } from './Profile.tsx';
import { Retention } from './Retention.tsx';
import { Senders } from './Senders.tsx';
import classes from './Settings.module.css';
import { Sources } from './Sources.tsx';
import { Suppressions } from './Suppressions.tsx';
import { Users } from './Users.tsx';
import { Webhooks } from './Webhooks.tsx';

type Role = Me['role'];
const EVERYBODY: readonly Role[] = ['rep', 'manager', 'admin'];
const MANAGERS: readonly Role[] = ['manager', 'admin'];
const ADMINS: readonly Role[] = ['admin'];

/** The parts, in the order of the list at the left, and who may see each. */
const PARTS = [
  { part: 'profile', roles: EVERYBODY, View: Profile },
  { part: 'keys', roles: EVERYBODY, View: Keys },
  { part: 'senders', roles: MANAGERS, View: Senders },
  { part: 'users', roles: MANAGERS, View: Users },
  { part: 'absences', roles: EVERYBODY, View: Absences },
  { part: 'calendars', roles: EVERYBODY, View: Calendars },
  { part: 'suppressions', roles: MANAGERS, View: Suppressions },
  { part: 'consent', roles: ADMINS, View: Consent },
  { part: 'webhooks', roles: ADMINS, View: Webhooks },
  { part: 'sources', roles: ADMINS, View: Sources },
  { part: 'retention', roles: ADMINS, View: Retention },
  { part: 'audit', roles: ADMINS, View: Audit },
] as const satisfies readonly { part: string; roles: readonly Role[]; View: ComponentType }[];

/** What is set once and seldom touched. */
export function Settings() {
  const { t } = useTranslation(['settings', 'common']);
  const { part = 'profile' } = useParams({ strict: false });
  const { role } = useMe();
  const allowed = PARTS.filter(({ roles }) => roles.includes(role));
  const { View } = allowed.find((one) => one.part === part) ?? allowed[0]!;
  const nav = useRef<HTMLElement>(null);
  // On a small screen the parts are one line that scrolls: the one that is open is in sight.
  useEffect(() => {
    const list = nav.current?.querySelector('ul');
    const open = list?.querySelector<HTMLElement>('[aria-current]');
    if (list && open) list.scrollLeft = open.offsetLeft - (list.clientWidth - open.offsetWidth) / 2;
  }, [part]);
  return (
    <Page title={t('title')}>
      <div className={classes.layout}>
        <nav ref={nav} className={classes.nav} aria-label={t('title')}>
          <ul>
            {allowed.map(({ part: name }) => (
              <li key={name}>
                <Link
                  to="/settings/$part"
                  params={{ part: name }}
                  className={classes.link}
                  {...(name === part && { 'data-active': true, 'aria-current': 'page' as const })}
                >
                  {t(`part.${name}`)}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className={classes.content}>
          <View />
        </div>
      </div>
    </Page>
  );
}
