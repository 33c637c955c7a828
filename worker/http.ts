import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { receiveHit } from '../activities/inbound/hits.ts';
import { createServer } from '../api/server.ts';
import { NOT_BUILT } from '../api/web.ts';
import type { Wake } from '../api/v1/deps.ts';
import { CommandRefused } from '../db/refused.ts';
import { recordLeadEvent } from '../db/events.ts';
import { sourceSecrets } from '../db/event-sources.ts';
import { storeInbound } from '../db/inbound.ts';
import { choosePreferences, leadOfTouch, readPreferences, type Preferences } from '../db/preferences.ts';
import { loadAccount } from '../db/senders.ts';
import { createProviders } from '../providers/registry.ts';
import type { SenderAccount } from '../providers/ports.ts';
import type { ContactChannel } from '../sequences/lead.ts';
import { inboundOf, startRounds } from './inbound.ts';
import type { Services } from './services.ts';

/** Where `npm start` and `npm run build:web` put the web app. */
const WEB = fileURLToPath(new URL('../web/dist', import.meta.url));

/**
 * The HTTP server that unsubscribe links and providers' webhooks lead to, listening where the configuration says. What it stores
 * it has understood itself, so that an answer counts while no worker runs. `app`: whether the web app is built, and so served.
 */
export async function createHttp(
  services: Services,
  web = WEB,
): Promise<{ url: string; app: boolean; close: () => Promise<void> }> {
  const app = existsSync(join(web, 'index.html'));
  const { config, db, tokens, log } = services;
  const inbound = inboundOf(services);
  const rounds = startRounds(inbound, log);
  const underWay = new Set<Promise<void>>();
  const understand = (id: number | null) => {
    if (id === null) return;
    const work = inbound.process(id).finally(() => underWay.delete(work));
    underWay.add(work);
  };
  const providers = createProviders();
  const server = createServer({
    tokens,
    log,
    trustedProxies: config.http.trustedProxies,
    unsubscribe: (touchId) => unsubscribe(services, touchId),
    preferences: (touchId) => preferences(services, touchId),
    choose: (touchId, wanted) => choose(services, touchId, wanted),
    hooks: {
      publicUrl: config.publicUrl,
      account: (senderId) => accountOf(services, senderId),
      sourceSecrets: (name) => sourceSecrets(db, services.secrets, name),
      store: async (arrived) => understand(await storeInbound(db, arrived)),
    },
    tracking: {
      tokens: services.trackingTokens,
      async receive(hit, why) {
        const { url, inboundId } = await receiveHit(db, hit, why);
        understand(inboundId);
        return url;
      },
    },
    api: {
      ...services,
      providers,
      wake: (who) => void wake(services, who),
    },
    web: app ? web : null,
    checks: {
      database: () => db.query('select 1'),
      temporal: async () => {
        const { connection } = await services.temporal();
        await connection.workflowService.getSystemInfo({});
      },
    },
  });
  const close = async () => {
    await server.close();
    await rounds.stop();
    await Promise.all(underWay);
    await providers.close();
  };
  try {
    await server.listen({ host: config.http.host, port: config.http.port });
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = server.server.address() as AddressInfo;
  if (!app) log.warn(NOT_BUILT);
  return { url: `http://${config.http.host}:${port}`, app, close };
}

/** What people commanded is in force when it is answered; telling the workflows is a courtesy that the sweep does, too. */
async function wake({ waker, log }: Services, who: Wake): Promise<void> {
  const { enrollments = [], launches = [], endpoints = [], terminate = [] } = who;
  try {
    const waking = await waker();
    if (terminate.length > 0) await waking.terminate(terminate);
    if (enrollments.length > 0) await waking.enrollments(enrollments);
    for (const id of launches) await waking.launch(id);
    for (const id of endpoints) await waking.endpoint(id);
  } catch (error) {
    log.warn({ err: error }, 'telling workflows of a command failed; the sweep will');
  }
}

async function accountOf({ db, secrets }: Services, senderId: string): Promise<SenderAccount | null> {
  try {
    return await loadAccount(db, senderId, secrets);
  } catch (error) {
    if (error instanceof CommandRefused) return null;
    throw error;
  }
}

/** Records it, in force when it commits, and then ends the lead's workflow. */
async function unsubscribe(services: Services, touchId: string): Promise<void> {
  const { db, hashIdentity } = services;
  await forLead(services, touchId, async (leadId) => {
    const { wake } = await recordLeadEvent(db, hashIdentity, {
      leadId,
      type: 'unsubscribed',
      channel: 'email',
      dedupeKey: `unsubscribe:${touchId}`,
      data: { touchId },
    });
    return wake;
  });
}

async function preferences({ db, hashIdentity }: Services, touchId: string): Promise<Preferences> {
  const leadId = await leadOfTouch(db, touchId);
  return leadId === null ? { open: [], stoppedByText: false } : readPreferences(db, hashIdentity, leadId);
}

async function choose(
  services: Services,
  touchId: string,
  wanted: readonly ContactChannel[],
): Promise<Preferences> {
  const { db, hashIdentity } = services;
  await forLead(services, touchId, (leadId) =>
    choosePreferences(db, hashIdentity, { leadId, touchId, wanted }),
  );
  return preferences(services, touchId);
}

/** What a lead asks for holds when it commits: whether Temporal is there, and how soon, is nothing to them. */
async function forLead(
  { db, waker, log }: Services,
  touchId: string,
  record: (leadId: string) => Promise<readonly string[]>,
): Promise<void> {
  const leadId = await leadOfTouch(db, touchId);
  if (leadId === null) return;
  try {
    const wake = await record(leadId);
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
