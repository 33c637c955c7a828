import type { Clock } from '../../common/clock.ts';
import type { IdentityHasher, Secrets } from '../../common/crypto.ts';
import type { Logger } from '../../common/log.ts';
import type { Db } from '../../db/db.ts';
import type { TrackingUrls } from '../../providers/email/tracking/rewrite.ts';
import type { Provider, SendResult } from '../../providers/ports.ts';
import type { Channel } from '../../sequences/lead.ts';

/** What the enrollment activities stand on. Times are wall milliseconds. */
export interface EnrollmentDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly providers: { get(channel: Channel, provider: string): Provider | null | undefined };
  /** Posts a webhook step. `id` is the same for every attempt of a touch, so that the receiver can tell them apart from new ones. */
  readonly webhook: { post(url: string, body: unknown, id: string): Promise<SendResult> };
  readonly unsubscribeUrl: (touchId: string) => string;
  readonly trackingUrls: TrackingUrls;
  readonly secrets: Pick<Secrets, 'decrypt'>;
  readonly identityHash: IdentityHasher;
  /** The channel that suits a persona, by its name in lower case. */
  readonly personaChannels: Readonly<Record<string, Channel>>;
  /** Told of an enrollment that a reactivation made: its workflow should start. What gets lost the sweep finds. */
  readonly started: (enrollmentId: string) => void;
  readonly log: Pick<Logger, 'error' | 'warn' | 'info'>;
  /** Names this process in the ledger. */
  readonly owner: string;
  /** How long a send may take before its outcome counts as unknown; longer than `sendTimeoutMs`. */
  readonly leaseMs: number;
  /** After this long an activity answers `in_flight` and lets the send go on. */
  readonly inFlightAfterMs: number;
  /** How long a provider is waited for. */
  readonly sendTimeoutMs: number;
}

/**
 * A send that takes under five seconds ends within its activity, whose workflow task would cost more events from eight seconds on;
 * a slower one costs a second look.
 */
export const ENROLLMENT_TIMES = { leaseMs: 60_000, inFlightAfterMs: 5_000, sendTimeoutMs: 45_000 } as const;

/** How long a perform waits for a slot that the clock has not quite reached. */
export const EARLY_WAIT_MS = 3_000;
