import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';

export function Analytics() {
  const { t } = useTranslation('analytics');
  return <Page title={t('title')}>{null}</Page>;
}
