import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { type MailboxDeps, Watchers } from './watchers.ts';

/** Why a watch returned: `again`: it has run long enough, or the worker ends. */
export type MailboxResult = { readonly kind: 'again' } | { readonly kind: 'removed' };

/** What the mailbox workflow calls; nothing of a message goes through Temporal (promise 8). */
export interface MailboxActivities {
  /** Reads one mailbox for minutes, heartbeating. */
  watchMailbox(input: { readonly senderId: string }): Promise<MailboxResult>;
}

const HEARTBEAT_MS = 3_000;
const LONGEST_MS = 600_000;

/** The activities, and `stop`: ends reading in this process. */
export function createMailboxActivities(
  deps: MailboxDeps,
): MailboxActivities & { readonly stop: () => Promise<void> } {
  const watchers = new Watchers(deps);
  return {
    async watchMailbox({ senderId }) {
      const context = Context.current();
      const { cancellationSignal: signal } = context;
      const endsAt = performance.now() + LONGEST_MS;
      let end: MailboxResult['kind'] | null = null;
      // It goes on when this activity ends: Temporal being away is no reason not to read.
      const watching = watchers.ensure(senderId).then((why) => {
        end = why === 'removed' ? 'removed' : 'again';
      });
      while (end === null && !signal.aborted && performance.now() < endsAt) {
        context.heartbeat();
        const turn = new AbortController();
        const stop = AbortSignal.any([signal, turn.signal]);
        await Promise.race([watching, sleep(HEARTBEAT_MS, undefined, { signal: stop }).catch(() => {})]);
        turn.abort();
      }
      return { kind: end ?? 'again' };
    },
    stop: () => watchers.stop(),
  };
}
