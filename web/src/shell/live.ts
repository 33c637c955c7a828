import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { addressOf } from '../api/client.ts';
import { look } from '../api/connection.ts';

const TOPICS = ['tasks', 'inbox', 'counts'] as const;
/** A stream that ends is begun again by the browser within two seconds; later than that there may be no server. */
const DOUBT_MS = 3000;
/** Where no stream was answered, the browser does not ask again. */
const AGAIN_MS = 10_000;

/** What the server says has changed is asked for again: keys that begin with `tasks`, `inbox` or `counts`. */
export function useLive(): void {
  const client = useQueryClient();
  useEffect(() => {
    let stream: EventSource | undefined;
    let doubt: ReturnType<typeof setTimeout> | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let missed = false;
    const refresh = (what: string) => void client.invalidateQueries({ queryKey: [what] });
    const connect = () => {
      stream?.close();
      clearTimeout(again);
      const opened = new EventSource(addressOf('me.stream'));
      stream = opened;
      for (const what of TOPICS) opened.addEventListener(what, () => refresh(what));
      opened.addEventListener('open', () => {
        clearTimeout(doubt);
        if (missed) for (const what of TOPICS) refresh(what);
        missed = false;
      });
      opened.addEventListener('error', () => {
        missed = true;
        clearTimeout(doubt);
        doubt = setTimeout(() => void look(), DOUBT_MS);
        if (opened.readyState === EventSource.CLOSED) again = setTimeout(connect, AGAIN_MS);
      });
    };
    const online = () => void look().then(connect);
    const offline = () => void look();
    connect();
    window.addEventListener('online', online);
    window.addEventListener('offline', offline);
    return () => {
      stream?.close();
      clearTimeout(doubt);
      clearTimeout(again);
      window.removeEventListener('online', online);
      window.removeEventListener('offline', offline);
    };
  }, [client]);
}
