import { useEffect, useRef } from 'react';

/** Whether keys belong to a field that somebody types in, or to an open dialog. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  return (
    event.defaultPrevented ||
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    target.isContentEditable ||
    /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) ||
    document.querySelector('[role=dialog]') !== null
  );
}

/** One keystroke for one action (`j`, `Enter`, `?`), while nobody types and no dialog is open. */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const action = latest.current[event.key];
      if (!action || isTaken(event)) return;
      // On a focused button or link, Enter and Space are its own.
      if ((event.key === 'Enter' || event.key === ' ') && (event.target as HTMLElement).closest('a,button'))
        return;
      event.preventDefault();
      action();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, []);
}
