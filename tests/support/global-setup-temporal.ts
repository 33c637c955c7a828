import { bundleTestWorkflows, startTestDatabaseServer, startTestTemporal } from './servers.ts';

/** PostgreSQL, one Temporal server and the workflows' bundle for the whole run (tests/support/stack.ts uses them). */
export default async function setup(): Promise<void> {
  await Promise.all([startTestDatabaseServer(), startTestTemporal(), bundleTestWorkflows()]);
}
