import { Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import classes from './Page.module.css';

export interface PageProps {
  readonly title: string;
  /** One primary action, and what belongs beside it. */
  readonly actions?: ReactNode;
  /** A line below the title: filters, tabs. */
  readonly bar?: ReactNode;
  /** Without margins, and as high as the window: for what scrolls inside. */
  readonly full?: boolean;
  readonly children: ReactNode;
}

/** A page with its title, in the window's title too. */
export function Page({ title, actions, bar, full = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Cadenza`;
  }, [title]);
  return (
    <div className={classes.page} data-full={full || undefined}>
      <header className={classes.head}>
        <Title order={1} className={classes.title}>
          {title}
        </Title>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {bar && <div className={classes.bar}>{bar}</div>}
      <div className={classes.content}>{children}</div>
    </div>
  );
}
