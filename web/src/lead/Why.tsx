import { Text } from '@mantine/core';
import { IconAlertTriangle, IconClockHour4 } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Answer } from '../api/client.ts';
import { useSentence } from './why-sentence.ts';
import classes from './Why.module.css';

/** Why a lead is where it is, in a sentence: what comes next and when, or what stands in the way. */
export function Why({ why }: { why: Answer<'leads.why'> }) {
  const { t } = useTranslation('lead');
  const tell = useSentence();
  const blocked = why.blocks.length > 0 || why.enrollment?.held === true;
  const Picture = blocked ? IconAlertTriangle : IconClockHour4;
  return (
    <section className={classes.why} data-blocked={blocked || undefined} aria-label={t('why.title')}>
      <Picture size={18} stroke={1.6} aria-hidden />
      <Text>{tell(why)}</Text>
    </section>
  );
}
