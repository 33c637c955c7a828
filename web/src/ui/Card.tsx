import { Title } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './Card.module.css';

/** A bordered part of a page. `flush`: its content brings its own margins, such as a table. */
export function Card({
  title,
  actions,
  flush = false,
  children,
}: {
  title?: string;
  actions?: ReactNode;
  flush?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={classes.card}>
      {(title || actions) && (
        <header className={classes.head}>
          {title && <Title order={2}>{title}</Title>}
          {actions}
        </header>
      )}
      <div className={flush ? classes.flush : classes.body}>{children}</div>
    </section>
  );
}
