/** Long work on the event loop, so that others get their turn. */
import { setImmediate } from 'node:timers/promises';

const AT_ONCE_MS = 20;

/** What long work awaits between two small parts: lets others have their turn once this has gone on for 20 ms. */
export function createBreath(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < AT_ONCE_MS) return undefined;
    return setImmediate().then(() => void (since = performance.now()));
  };
}
