import { Text } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './Notice.module.css';

/** Something to know before going on: `warn` for what stands still, `bad` for what needs a person. */
export function Notice({
  tone,
  title,
  children,
}: {
  tone: 'accent' | 'warn' | 'bad';
  title: string;
  children?: ReactNode;
}) {
  const Picture = tone === 'accent' ? IconInfoCircle : IconAlertTriangle;
  return (
    <section className={classes.notice} data-tone={tone} aria-label={title}>
      <Picture size={18} stroke={1.6} aria-hidden />
      <div className={classes.text}>
        <Text fw={600}>{title}</Text>
        {children}
      </div>
    </section>
  );
}
