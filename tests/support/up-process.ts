/** The whole local stack alone in a process, as `npm start` runs it, on CADENZA_DATA_DIR. Prints a line when it takes work. */
import { up } from '../../worker/up.ts';

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
await up({
  signal: stopping.signal,
  env: process.env,
  report: { say: () => {}, progress: () => {} },
  onReady: (where) => process.stdout.write(`${JSON.stringify(where)}\n`),
});
