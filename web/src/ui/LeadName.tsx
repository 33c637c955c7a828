import { Text } from '@mantine/core';
import { clockTime, useNow } from './time.ts';
import classes from './LeadName.module.css';

export interface LeadNameProps {
  readonly name: string;
  readonly title?: string | null;
  readonly company?: string | null;
  /** IANA; its local time now stands beside the name. */
  readonly zone?: string | null;
}

/** A lead, the same everywhere: name, title at company, what time it is there. */
export function LeadName({ name, title, company, zone }: LeadNameProps) {
  const now = useNow();
  const role = [title, company].filter(Boolean).join(' · ');
  return (
    <span className={classes.lead}>
      <span className={classes.line}>
        <bdi className={classes.name}>{name}</bdi>
        {zone && (
          <time className={classes.time} title={zone}>
            {clockTime(now, zone)}
          </time>
        )}
      </span>
      {role && (
        <Text span size="xs" c="dimmed" truncate className={classes.role}>
          <bdi>{role}</bdi>
        </Text>
      )}
    </span>
  );
}
