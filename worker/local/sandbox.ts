import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addEndpoint, listEndpoints, rotateSecret } from '../../db/endpoints.ts';
import { listSenders } from '../../db/senders.ts';
import { startSandbox, type Sandbox } from '../../providers/sandbox/sandbox.ts';
import { addDemoSenders } from '../demo/world.ts';
import type { Services } from '../services.ts';
import { createExclusive } from './exclusive.ts';
import type { KeptPorts } from './ports.ts';
import { sandboxHooks } from './sandbox-hooks.ts';

/**
 * The kept stack's providers: a sandbox whose record stays in `<folder>/sandbox`. At the first start two reps with their senders
 * and the sandbox's CRM are added, so that a launch has somebody to send from; what was removed since stays away.
 */
export async function startKeptSandbox(
  services: Services,
  folder: string,
  ports: Pick<KeptPorts, 'sandbox' | 'sandboxSmtp' | 'sandboxImap'>,
): Promise<Sandbox> {
  const dir = join(folder, 'sandbox');
  await mkdir(dir, { recursive: true });
  const secretFile = join(dir, 'crm-secret');
  const sandbox = await startSandbox({
    dir,
    port: ports.sandbox,
    smtpPort: ports.sandboxSmtp,
    ...(ports.sandboxImap !== undefined && { imapPort: ports.sandboxImap }),
    businessNow: () => services.clock.now(),
    hooks: sandboxHooks(services),
  });
  try {
    let secret = await readFile(secretFile, 'utf8').catch(() => null);
    if (secret === null) {
      const { db, secrets } = services;
      if ((await listSenders(db)).length === 0) await addDemoSenders(db, secrets, sandbox);
      // Of a folder whose secret is lost, or was not written any more, the endpoint is there.
      const there = (await listEndpoints(db)).find(({ url }) => url === new URL(sandbox.crm.url).href);
      ({ secret } = there
        ? await rotateSecret(db, secrets, there.id, 0)
        : await addEndpoint(db, secrets, { url: sandbox.crm.url }, { allowPrivate: true }));
      await createExclusive(secretFile, secret);
    }
    sandbox.control({ crm: { secrets: [secret] } });
    return sandbox;
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}
