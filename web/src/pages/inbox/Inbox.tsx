import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';

export function Inbox() {
  const { t } = useTranslation('inbox');
  return <Page title={t('title')}>{null}</Page>;
}
