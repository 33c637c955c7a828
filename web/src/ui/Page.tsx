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
  /** Something of the page's list is open: on a phone it has all of the page. */
  readonly over?: boolean;
  readonly children: ReactNode;
}

/** A page with its title, in the window's title too. */
export function Page({ title, actions, bar, full = false, over = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Cadenza`;
  }, [title]);
  return (
    <div className={classes.page} data-full={full || undefined} data-over={over || undefined}>
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
