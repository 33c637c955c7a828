/** The enrollment activities on a test database, with a provider that does what a test says, and the workflow's loop without Temporal. */
import { createIdentityHasher } from '../../common/crypto.ts';
import {
  createEnrollmentActivities,
  type EnrollmentActivities,
  type EnrollmentDeps,
  type ExecuteResult,
} from '../../activities/enrollment/index.ts';
import type { Db } from '../../db/db.ts';
import type { FindResult, Outgoing, Provider, SendResult } from '../../providers/ports.ts';
import { initialState, reduce } from '../../sequences/engine/reduce.ts';
import type { Answer, Command, Decision, EngineEvent, EngineState } from '../../sequences/engine/types.ts';
import type { Channel } from '../../sequences/lead.ts';
import { databaseClock } from './factories.ts';

export const identityHash = createIdentityHasher(Buffer.alloc(32, 7));

/** A provider at the port. `sent` is its own record of what it took. */
export interface ScriptedProvider extends Provider {
  readonly sent: Outgoing[];
  readonly asked: Outgoing[];
  respond(touch: Outgoing): SendResult | Promise<SendResult>;
  know(touch: Outgoing): FindResult | Promise<FindResult>;
}

export function scriptedProvider(mode: 'wire' | 'task' = 'wire'): ScriptedProvider {
  const sent: Outgoing[] = [];
  const asked: Outgoing[] = [];
  const provider: ScriptedProvider = {
    id: `test/${mode}`,
    mode,
    sent,
    asked,
    respond: () => ({ kind: 'sent', providerId: 'p-1' }),
    know: () => ({ kind: 'cannot_say' }),
    async send(_sender, touch) {
      const result = await provider.respond(touch);
      if (result.kind === 'sent' || result.kind === 'unknown') sent.push(touch);
      return result;
    },
    async find(_sender, touch) {
      asked.push(touch);
      return provider.know(touch);
    },
    check: async () => [],
    close: async () => {},
  };
  return provider;
}

export interface Host {
  readonly activities: EnrollmentActivities & { drain(): Promise<void> };
  readonly deps: EnrollmentDeps;
  readonly provider: ScriptedProvider;
  readonly posted: { url: string; body: unknown; id: string }[];
  /** Enrollments whose workflow was to be started. */
  readonly started: string[];
  /** What was logged as an error or a warning. */
  readonly logged: string[];
}

/** The activities of one process. */
export async function makeHost(db: Db, changes: Partial<EnrollmentDeps> = {}): Promise<Host> {
  const provider = scriptedProvider();
  const byHand = scriptedProvider('task');
  const posted: Host['posted'] = [];
  const started: string[] = [];
  const logged: string[] = [];
  const log = (_about: unknown, message?: string) => void logged.push(message ?? '');
  const deps: EnrollmentDeps = {
    db,
    clock: await databaseClock(db),
    providers: {
      get: (_channel: Channel, name) => (name === 'test' ? provider : name === 'manual' ? byHand : null),
    },
    webhook: {
      async post(url, body, id) {
        posted.push({ url, body, id });
        return { kind: 'sent', providerId: null };
      },
    },
    unsubscribeUrl: (touchId) => `https://cadenza.test/u/${touchId}`,
    trackingUrls: {
      open: (touchId) => `https://cadenza.test/t/o/${touchId}.gif`,
      click: (touchId, link) => `https://cadenza.test/t/c/${touchId}.${link}`,
    },
    secrets: { decrypt: (text) => text },
    identityHash,
    personaChannels: {},
    started: (enrollmentId) => void started.push(enrollmentId),
    log: { error: log, warn: log, info: () => {} } as unknown as EnrollmentDeps['log'],
    owner: 'test-process',
    leaseMs: 60_000,
    inFlightAfterMs: 2_000,
    sendTimeoutMs: 30_000,
    ...changes,
  };
  return { activities: createEnrollmentActivities(deps), deps, provider, posted, started, logged };
}

export interface Walked {
  readonly state: EngineState | null;
  readonly command: Command | null;
  readonly answers: readonly Answer[];
  readonly ended: string | null;
}

/** Runs an enrollment from its saved state, as the workflow does, until it sleeps past the clock or ends. */
export async function walk(
  { activities }: Pick<Host, 'activities'>,
  enrollmentId: string,
  limit = 200,
): Promise<Walked> {
  const answers: Answer[] = [];
  const loaded = await activities.load({ enrollmentId });
  if (loaded.kind === 'ended') return { state: null, command: null, answers, ended: loaded.reason };
  let state = loaded.state ?? initialState({ seed: loaded.seed, at: loaded.now });
  let command = loaded.command;
  let decisions: Decision[] = [];
  let { revision, now } = loaded;
  let dirty = false;
  const news = [...loaded.news];
  const apply = (event: EngineEvent) => {
    const next = reduce(loaded.plan, state, event);
    state = next.state;
    command = next.command;
    decisions.push(...next.decisions);
    if ('seq' in event) dirty = true;
  };
  if (!loaded.state) apply({ type: 'begin', at: now });
  for (let i = 0; i < limit; i++) {
    if (command!.kind === 'sleep') {
      const entry = news.shift();
      if (entry) {
        apply(entry);
        continue;
      }
      if (!dirty) {
        const { until } = command as { until: number | null };
        if (until === null || until > now) return { state, command, answers, ended: null };
        apply({ type: 'due', at: until });
        continue;
      }
    }
    const result: ExecuteResult = await activities.execute({
      enrollmentId,
      revision,
      state,
      command: command!,
      decisions,
    });
    if (result.kind === 'stale') throw new Error('stale');
    if (result.kind === 'ended') return { state, command, answers, ended: result.reason };
    if (result.kind === 'done') {
      return { state, command, answers, ended: 'done' };
    }
    decisions = [];
    dirty = false;
    ({ revision, now } = result);
    const known = news.at(-1)?.seq ?? state.seen;
    news.push(...result.news.filter((event) => event.seq > known));
    if (result.answer) {
      answers.push(result.answer);
      apply(result.answer);
    }
  }
  throw new Error('the walk does not end');
}

/** The last command of a walk, executed once more from the saved state. */
export async function again(
  { activities }: Pick<Host, 'activities'>,
  enrollmentId: string,
): Promise<ExecuteResult> {
  const loaded = await activities.load({ enrollmentId });
  if (loaded.kind === 'ended') return loaded;
  const { revision, state, command } = loaded;
  return activities.execute({ enrollmentId, revision, state: state!, command: command!, decisions: [] });
}
