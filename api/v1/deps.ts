import type { Clock } from '../../common/clock.ts';
import type { Config } from '../../common/config.ts';
import type { IdentityHasher, Secrets } from '../../common/crypto.ts';
import type { Logger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import type { Providers } from '../../providers/registry.ts';

/** Whose workflows should look into the database. */
export interface Wake {
  readonly enrollments?: readonly string[];
  readonly launches?: readonly string[];
  readonly endpoints?: readonly string[];
  /** Enrollments of erased leads, whose workflows end. */
  readonly terminate?: readonly string[];
}

/** What the routes work with. */
export interface ApiDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly secrets: Secrets;
  readonly hashIdentity: IdentityHasher;
  readonly log: Logger;
  readonly config: Pick<Config, 'publicUrl' | 'allowPrivateEndpoints' | 'rawMailDays' | 'oidc'>;
  readonly providers: Providers;
  /** Tells workflows to look. Never throws and never waits for Temporal: what was commanded is in force, and the sweep looks too. */
  readonly wake: (who: Wake) => void;
}
