import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import {
  crmWorkflowId,
  enrollmentWorkflowId,
  launchWorkflowId,
  mailboxWorkflowId,
  WAKE,
} from '../workflows/messages.ts';

/**
 * Wakes workflows after something was stored for them, starting those that are missing. What it tells them is nothing:
 * they look in PostgreSQL. A wake that is lost costs until the next sweep, so callers may ignore a failure.
 */
export interface Waker {
  /** Signals the enrollments' workflows, starting the missing ones from their saved state. */
  enrollments(ids: readonly string[]): Promise<void>;
  /** Starts the workflows of those that have none; the others notice nothing. */
  missing(ids: readonly string[]): Promise<void>;
  /** Tells workflows of enrollments that are over, so that they end; one that is gone is no failure, and none is started. */
  ended(ids: readonly string[]): Promise<void>;
  /** How many enrollment workflows are open, as far as Temporal's visibility knows by now. */
  open(): Promise<number>;
  /** Signals the launch's pacing workflow, starting it when there is none. */
  launch(id: string): Promise<void>;
  /** Signals the endpoint's delivery workflow, which ends its wait after a failure, starting it when there is none. */
  endpoint(id: string): Promise<void>;
  /** Starts the endpoint's delivery workflow when there is none; one that waits goes on waiting. */
  missingEndpoint(id: string): Promise<void>;
  /** Starts the workflow that reads the sender's mailbox when there is none. */
  missingMailbox(senderId: string): Promise<void>;
  /** Ends workflows and drops their histories' claim on the id, for leads that were erased. */
  terminate(ids: readonly string[]): Promise<void>;
}

/** Signals under way at once: more only queue up in the frontend. */
const CONCURRENCY = 20;

export function createWaker(client: Client, taskQueue: string): Waker {
  const signalWithStart = (type: string, workflowId: string, input: object) =>
    client.workflow.signalWithStart(type, {
      workflowId,
      taskQueue,
      args: [input],
      signal: WAKE,
      signalArgs: [],
    });

  return {
    enrollments: (ids) =>
      eachOf(ids, (enrollmentId) =>
        signalWithStart('enrollment', enrollmentWorkflowId(enrollmentId), { enrollmentId }),
      ),
    missing: (ids) =>
      eachOf(ids, (enrollmentId) =>
        client.workflow.start('enrollment', {
          workflowId: enrollmentWorkflowId(enrollmentId),
          taskQueue,
          args: [{ enrollmentId }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        }),
      ),
    ended: (ids) =>
      eachOf(ids, (id) => unlessGone(client.workflow.getHandle(enrollmentWorkflowId(id)).signal(WAKE))),
    async open() {
      const { count } = await client.workflow.count(
        `WorkflowType = 'enrollment' and ExecutionStatus = 'Running' and TaskQueue = '${taskQueue}'`,
      );
      return Number(count);
    },
    async launch(launchId) {
      await signalWithStart('launch', launchWorkflowId(launchId), { launchId });
    },
    async endpoint(endpointId) {
      await signalWithStart('crmDelivery', crmWorkflowId(endpointId), { endpointId });
    },
    async missingEndpoint(endpointId) {
      await client.workflow.start('crmDelivery', {
        workflowId: crmWorkflowId(endpointId),
        taskQueue,
        args: [{ endpointId }],
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
    },
    async missingMailbox(senderId) {
      await client.workflow.start('mailbox', {
        workflowId: mailboxWorkflowId(senderId),
        taskQueue,
        args: [{ senderId }],
        workflowIdConflictPolicy: 'USE_EXISTING',
      });
    },
    terminate: (ids) =>
      eachOf(ids, (id) =>
        unlessGone(client.workflow.getHandle(enrollmentWorkflowId(id)).terminate('erased')),
      ),
  };
}

async function unlessGone(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  });
}

/** Runs `work` for each id, some at once; all are tried, then the first failure is thrown. */
async function eachOf(ids: readonly string[], work: (id: string) => Promise<unknown>): Promise<void> {
  const queue = [...ids];
  const failures: unknown[] = [];
  await Promise.all(
    Array.from({ length: Math.min(CONCURRENCY, queue.length) }, async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        await work(id).catch((error: unknown) => failures.push(error));
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
}
