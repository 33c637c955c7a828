import { startTestDatabaseServer } from './servers.ts';

/** One PostgreSQL for the whole run, with a migrated template that each test file clones (tests/support/database.ts). */
export default async function setup(): Promise<void> {
  await startTestDatabaseServer();
}
