/** What is shown when there is nothing, not yet, or not any more. */
import { Button, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconPlugConnectedX, type Icon } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { problemText } from '../api/problem-text.ts';
import classes from './states.module.css';

export interface EmptyProps {
  readonly icon?: Icon;
  readonly title: string;
  /** What to do next. */
  readonly text?: string;
  readonly action?: ReactNode;
}

/** Nothing here, and what to do next. */
export function Empty({ icon: Picture, title, text, action }: EmptyProps) {
  return (
    <div className={classes.empty}>
      {Picture && <Picture size={32} stroke={1.25} aria-hidden />}
      <Title order={2}>{title}</Title>
      {text && (
        <Text c="dimmed" maw={440}>
          {text}
        </Text>
      )}
      {action}
    </div>
  );
}

/** What went wrong, why, and a way to try again. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div role="alert">
      <Empty
        icon={IconPlugConnectedX}
        title={t('problem.title')}
        text={problemText(error)}
        action={
          retry && (
            <Button variant="default" onClick={retry}>
              {t('action.retry')}
            </Button>
          )
        }
      />
    </div>
  );
}

/** Rows as high as those that will come. */
export function Loading({ rows = 8, height = 20 }: { rows?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap={14} p="md" aria-busy="true" role="status" aria-label={t('list.loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={height} width={`${92 - ((index * 17) % 30)}%`} radius="sm" />
      ))}
    </Stack>
  );
}

/** Shows what a query brought, or that it is on its way, or what went wrong. */
export function Loaded<Data>({
  query,
  rows,
  children,
}: {
  query: UseQueryResult<Data>;
  rows?: number;
  children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <Loading {...(rows !== undefined && { rows })} />;
}
