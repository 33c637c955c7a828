// Run as a process of its own, so that a download that hangs can be ended: the SDK downloads its dev server into a folder.
import { TestWorkflowEnvironment } from '@temporalio/testing';

const downloadDir = process.argv[2];
try {
  const env = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir } },
  });
  await env.teardown();
} catch (error) {
  process.stderr.write(String(error instanceof Error ? error.message : error));
  process.exitCode = 1;
}
