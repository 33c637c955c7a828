import type { FormEvent } from 'react';

/** What was typed, trimmed, by the fields' names; empty ones are ''. */
export function typed<Name extends string>(event: FormEvent<HTMLFormElement>): Record<Name, string> {
  event.preventDefault();
  const fields = new FormData(event.currentTarget);
  return Object.fromEntries([...fields].map(([name, value]) => [name, String(value).trim()])) as Record<
    Name,
    string
  >;
}
