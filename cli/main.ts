import { endWithReader } from './output/output.ts';
import { run } from './run.ts';

/** Left-over connections may keep the process for this long after its work is done. */
const LINGER_MS = 2000;

endWithReader();
process.exitCode = await run(process.argv.slice(2));
setTimeout(() => process.exit(), LINGER_MS).unref();
