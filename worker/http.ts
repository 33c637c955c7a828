import type { AddressInfo } from 'node:net';
import { createServer } from '../api/server.ts';
import { CommandRefused } from '../db/refused.ts';
import { recordLeadEvent } from '../db/events.ts';
import type { Services } from './services.ts';

/** The HTTP server that every mail's unsubscribe link leads to, listening where the configuration says. */
export async function createHttp(services: Services): Promise<{ url: string; close: () => Promise<void> }> {
  const { config, db, tokens, log } = services;
  const server = createServer({
    tokens,
    log,
    unsubscribe: (touchId) => unsubscribe(services, touchId),
    checks: {
      database: () => db.query('select 1'),
      temporal: async () => {
        const { connection } = await services.temporal();
        await connection.workflowService.getSystemInfo({});
      },
    },
  });
  await server.listen({ host: config.http.host, port: config.http.port });
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://${config.http.host}:${port}`, close: () => server.close() };
}

/** Records it, in force when it commits, and then ends the lead's workflow. */
async function unsubscribe({ db, hashIdentity, waker, log }: Services, touchId: string): Promise<void> {
  const { rows } = await db.query<{ lead_id: string }>('select lead_id from touches where id = $1', [
    touchId,
  ]);
  if (!rows[0]) return;
  try {
    const { wake } = await recordLeadEvent(db, hashIdentity, {
      leadId: rows[0].lead_id,
      type: 'unsubscribed',
      channel: 'email',
      dedupeKey: `unsubscribe:${touchId}`,
      data: { touchId },
    });
    // It holds already: whether Temporal is there, and how soon, is nothing to whoever unsubscribes.
    void waker()
      .then((waking) => waking.enrollments(wake))
      .catch((error: unknown) =>
        log.warn({ err: error }, 'waking a stopped lead failed; it wakes by itself'),
      );
  } catch (error) {
    // An erased lead is suppressed already.
    if (!(error instanceof CommandRefused)) throw error;
  }
}
