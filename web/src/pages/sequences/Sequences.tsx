import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/Page.tsx';

export function Sequences() {
  const { t } = useTranslation('sequences');
  return <Page title={t('title')}>{null}</Page>;
}
