import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { addressOf } from '../api/client.ts';

/** What the server says has changed is asked for again: keys that begin with `tasks`, `inbox` or `counts`. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => {
    const stream = new EventSource(addressOf('me.stream'));
    for (const what of ['tasks', 'inbox', 'counts'])
      stream.addEventListener(what, () => void client.invalidateQueries({ queryKey: [what] }));
    return () => stream.close();
  }, [client]);
}
