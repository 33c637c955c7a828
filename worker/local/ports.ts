import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { LocalStackError } from './errors.ts';
import { createExclusive } from './exclusive.ts';

/** A loopback port that is free now; `preferred` if it is. Somebody else may take it before it is used. */
export async function freePort(preferred = 0): Promise<number> {
  const port = await tryPort(preferred);
  return port ?? (await tryPort(0)) ?? Promise.reject(new LocalStackError('no free port on 127.0.0.1'));
}

function tryPort(wanted: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(wanted, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address && typeof address === 'object' ? address.port : null));
    });
  });
}

const schema = z.object({
  http: z.number(),
  sandbox: z.number(),
  sandboxSmtp: z.number(),
  sandboxImap: z.number().optional(),
});

/** Ports that stand in sent mails and senders' settings, and so must stay. */
export type KeptPorts = z.infer<typeof schema>;

/** The ports of a kept stack: free ones, near the usual, at the first start, and the same ever after (`ports.json`). */
export async function keptPorts(folder: string): Promise<KeptPorts> {
  const file = join(folder, 'ports.json');
  const chosen = {
    http: await freePort(8080),
    sandbox: await freePort(8090),
    sandboxSmtp: await freePort(8025),
    sandboxImap: await freePort(8143),
  };
  if (await createExclusive(file, JSON.stringify(chosen))) return chosen;
  const kept = schema.safeParse(JSON.parse(await readFile(file, 'utf8').catch(() => 'null')));
  if (!kept.success) throw new LocalStackError(`${file} is damaged. Delete it to choose the ports anew.`);
  return kept.data;
}
