import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launchFile } from '../../api/operations/launch-file.ts';
import { createLogger } from '../../common/log.ts';
import { addEndpoint } from '../../db/endpoints.ts';
import type { Db } from '../../db/db.ts';
import type { EnrollReport } from '../../db/launches.ts';
import { CommandRefused } from '../../db/refused.ts';
import { startSandbox } from '../../providers/sandbox/sandbox.ts';
import { sandboxHooks } from '../local/sandbox-hooks.ts';
import { startLocalStack } from '../local/stack.ts';
import type { Reporter } from '../local/temporal-binary.ts';
import { installRuntime } from '../runtime.ts';
import { openServices, type Services } from '../services.ts';
import { startTimeLapse } from '../time-lapse.ts';
import { startWorker } from '../worker.ts';
import { createHttp } from '../http.ts';
import { Cast } from './cast.ts';
import { demoResult, type DemoResult } from './result.ts';
import { addDemoSenders } from './world.ts';

export interface DemoOptions {
  readonly sequence: string;
  readonly leads: string;
  /** Wall ms that a business day takes. */
  readonly msPerDay: number;
  /** Business time at the launch. */
  readonly startAt: Date;
  readonly report: Reporter;
  /** Told a few times a second. */
  readonly onProgress: (progress: DemoProgress) => void;
  readonly signal?: AbortSignal;
}

export interface DemoProgress {
  readonly now: Date;
  readonly day: number;
  readonly touches: number;
  readonly over: number;
  readonly leads: number;
}

export interface DemoOutcome {
  readonly result: DemoResult;
  readonly enrolled: EnrollReport;
  readonly launchId: string;
  /** Wall ms from the launch to its end. */
  readonly wallMs: number;
  /** How often business time went on without something that was due; 0 unless the machine was too slow. */
  readonly lag: number;
}

/** Touches that are due within these business milliseconds happen side by side: a demo is watched, not measured. */
const ALLOWANCE_MS = 6 * 60_000;

/** However long a sequence waits: a demo is no place to find out. */
const LONGEST_DAYS = 400;

/** A launch from beginning to end on a stack of its own, in time-lapse; everything is gone afterwards. */
export async function runDemo(options: DemoOptions): Promise<DemoOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'cadenza-demo-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const stack = await startLocalStack({
      folder: null,
      report: options.report,
      env: { CADENZA_ALLOW_PRIVATE_ENDPOINTS: 'true', CADENZA_LOG_LEVEL: 'error' },
    });
    closing.push(() => stack.stop());
    const log = createLogger({ level: process.env.CADENZA_LOG_LEVEL ?? 'silent' });
    installRuntime(log);
    const services = await openServices(stack.config, {
      name: 'cadenza-demo',
      log,
    });
    closing.push(() => services.close());
    const { db, clock, secrets, hashIdentity } = services;

    const lapse = await startTimeLapse(db, {
      startAt: options.startAt,
      msPerDay: options.msPerDay,
      allowanceMs: ALLOWANCE_MS,
    });
    closing.push(() => lapse.stop());
    await clock.refresh();
    const sandbox = await startSandbox({
      dir: folder,
      businessNow: () => clock.now(),
      hooks: sandboxHooks(services),
    });
    closing.push(() => sandbox.close());
    const http = await createHttp(services);
    closing.push(() => http.close());
    const { secret } = await addEndpoint(db, secrets, { url: sandbox.crm.url }, { allowPrivate: true });
    // Who accepts an invitation is the cast's decision, not the sandbox's.
    sandbox.control({ crm: { secrets: [secret] }, linkedin: { acceptShare: 0 } });
    await addDemoSenders(db, secrets, sandbox);

    const launched = await launchFile(
      { db, hashIdentity },
      {
        file: options.sequence,
        audience: { csv: options.leads, rejects: null },
        timeZone: 'Europe/Berlin',
      },
    );
    const { launchId } = launched;
    if (launchId === null) throw new CommandRefused('not_running', nobodyIn(launched.report));

    const worker = await startWorker(services, { sweepMs: 1000 });
    closing.push(() => worker.stop());
    const started = performance.now();
    await (await services.waker()).launch(launchId);
    const cast = new Cast(services, sandbox, (at, work) => lapse.at(at, work));
    const horizon = options.startAt.getTime() + LONGEST_DAYS * 86_400_000;
    for (let seen = ''; ;) {
      options.signal?.throwIfAborted();
      const progress = await progressOf(services, launchId, options.startAt);
      const news = `${progress.touches} ${progress.tasks}`;
      if (news !== seen) await cast.react();
      seen = news;
      options.onProgress(progress);
      if (progress.moving === 0 || progress.now.getTime() > horizon) break;
      await Promise.race([sleep(40), worker.done]);
    }
    await lapse.stop();
    await delivered(services);
    const result = await demoResult(db, launchId, {
      received: sandbox.received(),
      callbacks: sandbox.callbacks(),
    });
    return {
      result,
      enrolled: launched.report,
      launchId,
      wallMs: performance.now() - started,
      lag: lapse.lag(),
    };
  } finally {
    while (closing.length > 0) await closing.pop()!().catch(() => {});
  }
}

type Moving = DemoProgress & {
  /** Leads whom time alone moves on; the others are done or wait for a person. */
  readonly moving: number;
  readonly tasks: number;
};

function nobodyIn({ excluded }: EnrollReport): string {
  const reasons = Object.entries(excluded).filter(([, number]) => number > 0);
  const why = reasons.map(([reason, number]) => `${number} ${reason.replaceAll('_', ' ')}`).join(', ');
  return `Nobody of the list can be enrolled, so there is nothing to show${why ? `; left out: ${why}` : ''}.`;
}

async function progressOf(services: Services, launchId: string, start: Date): Promise<Moving> {
  const { rows } = await services.db.query<{
    now: Date;
    touches: number;
    over: number;
    leads: number;
    moving: number;
    tasks: number;
  }>(
    `select business_now() as now,
       (select count(*)::int from touches t join enrollments e on e.id = t.enrollment_id where e.launch_id = $1 and t.state = 'sent') as touches,
       (select count(*)::int from tasks k join enrollments e on e.id = k.enrollment_id where e.launch_id = $1) as tasks,
       count(distinct lead_id) filter (where status in ('finished', 'stopped') and reason <> 'reactivated')::int as over,
       count(distinct lead_id)::int as leads,
       count(*) filter (where status = 'pending' or (status = 'running' and (next_at is not null or engine is null)))::int
         + (select count(*)::int from inbox i join enrollments e on e.id = i.enrollment_id where e.launch_id = $1 and e.status = 'running' and i.seq > e.seen) as moving
     from enrollments where launch_id = $1`,
    [launchId],
  );
  const row = rows[0]!;
  return { ...row, day: Math.floor((row.now.getTime() - start.getTime()) / 86_400_000) + 1 };
}

/** The CRM gets the last callbacks within moments; a demo waits for them, but not for ever. */
async function delivered({ db }: { readonly db: Db }): Promise<void> {
  for (let look = 0; look < 100; look++) {
    const { rows } = await db.query<{ pending: boolean }>(
      `select exists (select from deliveries where state = 'pending') as pending`,
    );
    if (!rows[0]!.pending) return;
    await sleep(100);
  }
}
