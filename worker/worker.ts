import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { createCrmActivities } from '../activities/crm/index.ts';
import { createEnrollmentActivities } from '../activities/enrollment/index.ts';
import { ENROLLMENT_TIMES, type EnrollmentDeps } from '../activities/enrollment/deps.ts';
import { createCatchUp } from '../activities/inbound/catch-up.ts';
import { createLaunchActivities } from '../activities/launch.ts';
import { createMailboxActivities } from '../activities/mailbox/index.ts';
import type { Waker } from '../activities/waker.ts';
import { trackingUrls } from '../api/tracking-urls.ts';
import { unsubscribeUrl } from '../api/unsubscribe-url.ts';
import { createOutboundHttp } from '../providers/crm/outbound.ts';
import { createWebhookSteps } from '../providers/crm/webhook-step.ts';
import type { Provider } from '../providers/ports.ts';
import { createProviders } from '../providers/registry.ts';
import { PERSONA_CHANNELS } from '../sequences/route/route.ts';
import { inboundOf, startCatchUp, startRounds } from './inbound.ts';
import type { Services } from './services.ts';
import { startSweep } from './sweep.ts';

export interface WorkerOptions {
  /** Wall ms; see EnrollmentDeps. */
  readonly times?: Partial<Pick<EnrollmentDeps, 'leaseMs' | 'inFlightAfterMs' | 'sendTimeoutMs'>>;
  /** Adapters that take the place of built-in ones. */
  readonly replace?: readonly Provider[];
  /** Replays every workflow task from its history's start. For tests. */
  readonly maxCachedWorkflows?: number;
  readonly sweepMs?: number;
}

export interface RunningWorker {
  /** Ends when the worker does; rejects when it breaks. */
  readonly done: Promise<void>;
  /** Takes no more work, lets sends in flight end (at most the lease), then returns. */
  stop(): Promise<void>;
}

/** Starts what does the work: workflows, activities, the sweep, and the rounds for what came back. */
export async function startWorker(services: Services, options: WorkerOptions = {}): Promise<RunningWorker> {
  const { config, db, clock, secrets, log } = services;
  const { connection } = await services.temporal();
  const waker = await services.waker();
  const times = { ...ENROLLMENT_TIMES, leaseMs: config.sendLeaseSeconds * 1000, ...options.times };
  const allowPrivate = config.allowPrivateEndpoints;
  const outbound = createOutboundHttp({ allowPrivate });
  const providers = createProviders({
    twilioStatusCallback: (senderId) => `${config.publicUrl}/hooks/twilio/${senderId}/status`,
    ...(options.replace && { replace: options.replace }),
  });

  const enrollment = createEnrollmentActivities({
    db,
    clock,
    providers,
    webhook: createWebhookSteps({ http: outbound, allowPrivate }),
    unsubscribeUrl: unsubscribeUrl(config.publicUrl, services.tokens),
    trackingUrls: trackingUrls(config.publicUrl, services.trackingTokens),
    secrets,
    identityHash: services.hashIdentity,
    personaChannels: PERSONA_CHANNELS,
    started: wakeLater(waker, services),
    log,
    owner: `${hostname()}:${process.pid}`,
    ...times,
  });
  const inbound = inboundOf(services);
  const mailboxes = createMailboxActivities({ db, clock, secrets, log, process: inbound.process });
  const worker = await Worker.create({
    connection,
    namespace: config.temporal.namespace,
    taskQueue: config.taskQueue,
    ...workflowCode(config.workflowBundle),
    activities: {
      load: enrollment.load,
      execute: enrollment.execute,
      look: enrollment.look,
      ...createLaunchActivities({ db, clock, waker, log }),
      ...createCrmActivities({ db, secrets, http: outbound, log }),
      watchMailbox: mailboxes.watchMailbox,
    },
    // One each for mailboxes and endpoints, as long as the worker runs.
    maxConcurrentActivityTaskExecutions: 2000,
    shutdownGraceTime: '5 s',
    shutdownForceTime: times.leaseMs,
    ...(options.maxCachedWorkflows !== undefined && { maxCachedWorkflows: options.maxCachedWorkflows }),
  });
  const running = worker.run();
  const sweep = startSweep({
    db,
    waker,
    log,
    settleExpired: enrollment.settleExpired,
    hashIdentity: services.hashIdentity,
    everyMs: options.sweepMs ?? config.sweepSeconds * 1000,
  });
  const rounds = startRounds(inbound, log);
  const catchUp = startCatchUp(
    createCatchUp({ db, clock, secrets, providers, log, process: inbound.process }),
    log,
  );
  return {
    done: running,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      // At once: a sweep that waits for a server which is away would use up the time that sends in flight have.
      await Promise.all([
        sweep.stop(),
        mailboxes.stop(),
        rounds.stop(),
        catchUp.stop(),
        running.catch(() => {}),
      ]);
      await enrollment.drain();
      await providers.close();
      outbound.close();
    },
  };
}

/** A successor whose wake is lost is found by the sweep, so a failure here is only worth a line in the log. */
function wakeLater(waker: Waker, { log }: Services): (enrollmentId: string) => void {
  return (enrollmentId) => {
    waker
      .enrollments([enrollmentId])
      .catch((error: unknown) =>
        log.warn({ err: error }, 'starting a reactivated enrollment failed; the sweep will'),
      );
  };
}

function workflowCode(
  bundle: string | null,
): { workflowBundle: WorkflowBundleOption } | { workflowsPath: string } {
  return bundle
    ? { workflowBundle: { codePath: bundle } }
    : { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
}
