import { stopTestServers } from './servers.ts';

/** Ends what the global set-ups started. */
export default async function teardown(): Promise<void> {
  await stopTestServers();
}
