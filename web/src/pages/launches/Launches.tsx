import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';

export function Launches() {
  const { t } = useTranslation('launches');
  return <Page title={t('title')}>{null}</Page>;
}
