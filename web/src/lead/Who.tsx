import { Anchor } from '@mantine/core';
import {
  IconBrandLinkedin,
  IconMail,
  IconPhone,
  IconShieldCheck,
  IconUser,
  type Icon,
} from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../api/client.ts';
import { clockTime, useNow } from '../ui/time.ts';
import classes from './LeadPanel.module.css';

/** Who a lead is, where it is what time, and by what it is reached. `name`: where the page does not say it. */
export function Who({ lead, name }: { lead: Answer<'leads.read'>; name?: string }) {
  const { t } = useTranslation('lead');
  const now = useNow();
  const role = [lead.title, lead.company].filter(Boolean).join(' · ');
  const fact = (key: string, Picture: Icon, value: ReactNode) => (
    <li key={key}>
      <Picture size={16} stroke={1.6} aria-hidden />
      <bdi>{value}</bdi>
    </li>
  );
  return (
    <div className={classes.who}>
      {name && (
        <div className={classes.name}>
          <bdi>{name}</bdi>
        </div>
      )}
      <div className={classes.role}>
        {role && <bdi>{role}</bdi>}
        {lead.timeZone && (
          <time title={lead.timeZone}>{t('panel.local', { time: clockTime(now, lead.timeZone) })}</time>
        )}
      </div>
      <ul className={classes.facts}>
        {lead.phones.map((phone) => fact(phone, IconPhone, <Anchor href={`tel:${phone}`}>{phone}</Anchor>))}
        {lead.emails.map((email) => fact(email, IconMail, <Anchor href={`mailto:${email}`}>{email}</Anchor>))}
        {lead.linkedinUrl &&
          /^https?:/.test(lead.linkedinUrl) &&
          fact(
            'linkedin',
            IconBrandLinkedin,
            <Anchor href={lead.linkedinUrl} target="_blank" rel="noreferrer">
              {t('profile.linkedinUrl')}
            </Anchor>,
          )}
        {lead.owner && fact('owner', IconUser, t('panel.owner', { name: lead.owner }))}
        {lead.consent.status !== 'unknown' &&
          fact(
            'consent',
            IconShieldCheck,
            `${t('privacy.consent')}: ${t(`privacy.status.${lead.consent.status}`)}`,
          )}
      </ul>
    </div>
  );
}
