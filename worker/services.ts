import { createWaker, type Waker } from '../activities/waker.ts';
import { createClock, type Clock } from '../common/clock.ts';
import type { Config } from '../common/config.ts';
import {
  createIdentityHasher,
  createSecrets,
  createUnsubscribeTokens,
  type IdentityHasher,
  type Secrets,
  type UnsubscribeTokens,
} from '../common/crypto.ts';
import { createLogger, type Logger } from '../common/log.ts';
import { createTrackingTokens, type TrackingTokens } from '../common/tracking-tokens.ts';
import { connectTemporal, type TemporalAccess } from '../common/temporal.ts';
import { createDb, type Db } from '../db/db.ts';

/** What every way in shares: the database, the clock, the keys, and Temporal once somebody needs it. */
export interface Services {
  readonly config: Config;
  readonly db: Db;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly hashIdentity: IdentityHasher;
  readonly tokens: UnsubscribeTokens;
  readonly trackingTokens: TrackingTokens;
  readonly log: Logger;
  /** Connects at the first call. Throws TemporalUnreachable. */
  temporal(): Promise<TemporalAccess>;
  waker(): Promise<Waker>;
  close(): Promise<void>;
}

/** Opens the database and the clock; the caller closes. `name` shows in pg_stat_activity. */
export async function openServices(
  config: Config,
  options: { name?: string; log?: Logger } = {},
): Promise<Services> {
  const db = createDb(config.databaseUrl, {
    name: options.name ?? 'cadenza',
    max: config.databaseConnections,
  });
  const clock = await createClock(db).catch(async (error: unknown) => {
    await db.close();
    throw error;
  });
  let temporal: Promise<TemporalAccess> | undefined;
  const access = () => {
    temporal ??= connectTemporal(config.temporal).catch((error: unknown) => {
      temporal = undefined;
      throw error;
    });
    return temporal;
  };
  return {
    config,
    db,
    clock,
    secrets: createSecrets(config.encryptionKeys),
    hashIdentity: createIdentityHasher(config.hashKey),
    tokens: createUnsubscribeTokens([config.tokenKey]),
    trackingTokens: createTrackingTokens([config.tokenKey]),
    log: options.log ?? createLogger({ level: config.logLevel }),
    temporal: access,
    waker: async () => createWaker((await access()).client, config.taskQueue),
    async close() {
      clock.close();
      await (await temporal?.catch(() => undefined))?.close();
      await db.close();
    },
  };
}
