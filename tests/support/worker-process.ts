/** A worker alone in a process, configured by the environment, for tests that kill it. Prints a line when it works. */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { parseConfig } from '../../common/config.ts';
import { openServices } from '../../worker/services.ts';
import { startWorker } from '../../worker/worker.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const services = await openServices(parseConfig(process.env, 'production'), { name: 'cadenza-test-worker' });
const worker = await startWorker(services, { sweepMs: 1000 });
process.once('SIGTERM', () => {
  void worker
    .stop()
    .then(() => services.close())
    .then(() => process.exit(0));
});
process.stdout.write('ready\n');
await worker.done;
