/**
 * The sandbox as a process: `node --import tsx providers/sandbox/main.ts --dir DIR [--port N] [--smtp-port N] [--imap-port N] [--crm-secret whsec_…]`.
 * Prints one line of JSON, its URLs (`SandboxUrls`), once it listens; ends by SIGTERM, SIGINT, or when its standard input closes
 * (`--with-stdin`), so that it does not outlive who started it.
 */
import { parseArgs } from 'node:util';
import { startSandbox } from './sandbox.ts';

const { values } = parseArgs({
  options: {
    dir: { type: 'string' },
    port: { type: 'string', default: '0' },
    'smtp-port': { type: 'string', default: '0' },
    'imap-port': { type: 'string', default: '0' },
    'crm-secret': { type: 'string' },
    'with-stdin': { type: 'boolean', default: false },
  },
});
if (!values.dir) {
  process.stderr.write('Give a folder for the record: --dir DIR\n');
  process.exit(2);
}

const { http, smtp, imap, unipile, twilio, crm, close } = await startSandbox({
  dir: values.dir,
  port: Number(values.port),
  smtpPort: Number(values['smtp-port']),
  imapPort: Number(values['imap-port']),
  ...(values['crm-secret'] ? { crmSecret: values['crm-secret'] } : {}),
});
process.stdout.write(`${JSON.stringify({ http, smtp, imap, unipile, twilio, crm })}\n`);

let ending = false;
const end = (): void => {
  if (ending) return;
  ending = true;
  void close().then(() => process.exit(0));
};
process.on('SIGTERM', end);
process.on('SIGINT', end);
if (values['with-stdin']) process.stdin.on('end', end).resume();
