import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';

export function Leads() {
  const { t } = useTranslation('leads');
  return <Page title={t('title')}>{null}</Page>;
}
