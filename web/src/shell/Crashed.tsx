import { Button } from '@mantine/core';
import { IconBug, IconMapOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiProblem } from '../api/client.ts';
import { Empty, Failed } from '../ui/states.tsx';

/** Instead of a page that broke. */
export function Crashed({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation();
  if (error instanceof ApiProblem) return <Failed error={error} retry={reset} />;
  return (
    <div role="alert">
      <Empty
        icon={IconBug}
        title={t('problem.title')}
        text={t('problem.crash')}
        action={<Button onClick={() => location.reload()}>{t('action.reload')}</Button>}
      />
    </div>
  );
}

/** Instead of a page that is not there. */
export function Nowhere() {
  const { t } = useTranslation();
  return (
    <Empty
      icon={IconMapOff}
      title={t('problem.pageTitle')}
      text={t('problem.pageText')}
      action={
        <Button component="a" href="/today">
          {t('problem.home')}
        </Button>
      }
    />
  );
}
