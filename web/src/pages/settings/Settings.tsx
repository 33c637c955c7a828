import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';

export function Settings() {
  const { t } = useTranslation('settings');
  return <Page title={t('title')}>{null}</Page>;
}
