import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { LeadPanel } from '../../lead/LeadPanel.tsx';
import { profileQuery } from '../../lead/queries.ts';
import { Card } from '../../ui/Card.tsx';
import { Page } from '../../ui/Page.tsx';
import classes from './LeadPage.module.css';

/** One lead with an address of its own. */
export function LeadPage() {
  const { t } = useTranslation('leads');
  const { id } = useParams({ from: '/frame/leads/$id' });
  const lead = useQuery(profileQuery(id)).data?.answer;
  const name = lead && [lead.firstName, lead.lastName].filter(Boolean).join(' ');
  return (
    <Page title={name || lead?.emails[0] || t('one')}>
      <div className={classes.page}>
        <Card>
          <LeadPanel id={id} page />
        </Card>
      </div>
    </Page>
  );
}
