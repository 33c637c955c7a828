import type { Answer, Command } from '../../sequences/engine/types.ts';
import { wallNow, type Clock } from '../../common/clock.ts';
import type { Instant } from '../../sequences/plan.ts';
import { readTouch } from '../../db/touches.ts';
import { touchNodeOf, type Library } from './context.ts';
import { EARLY_WAIT_MS } from './deps.ts';
import { isContact } from './limits.ts';
import { prepare } from './prepare.ts';
import { keyOf } from './reserve.ts';
import type { Courier } from './send.ts';
import { transact, type Run } from './transact.ts';

type Perform = Extract<Command, { kind: 'perform' }>;

/** How often a clock that has not reached the slot is looked at again. */
const POLL_MS = 20;

/**
 * Does a touch: decides under the locks of everything that could forbid it, commits `sending`, and only then calls the provider
 * (promises 1 and 3). Carried out again, it answers what became of the attempt.
 */
export async function perform(run: Run, library: Library, courier: Courier, command: Perform) {
  const { deps, row } = run;
  const version = await library.version(deps.db, row.versionId);
  const node = touchNodeOf(version, command.step);
  const before = await readTouch(deps.db, keyOf(run, command));
  if (before?.state === 'booked' && !command.asTask) await reach(deps.clock, before.slotAt);
  const contact = node.action === 'preferred' || isContact(node.action);
  const chain = {
    senderId: before?.senderId ?? null,
    scopes: {
      versionId: row.versionId,
      launchId: row.launchId,
      companyId: row.companyId,
      companyAlone: contact && version.settings.contactLimits.companyPerWeek !== null,
    },
  };
  const { worked, revision } = await transact(run, chain, (tx, ground) =>
    prepare(tx, ground, { run, library, command, lockedSenderId: chain.senderId }),
  );
  const next = worked.more;
  let answer: Answer | null = worked.answer;
  if (next?.kind === 'send') answer = await courier.send({ ...next.delivery, revision });
  if (next?.kind === 'look') answer = await courier.look(next.touch, { ...next.delivery, revision });
  return { answer, revision };
}

/** Waits for an instant that the clock reaches within moments: a timer can fire a little before the database's clock is there. */
export async function reach(clock: Clock, instant: Instant): Promise<void> {
  const end = wallNow() + EARLY_WAIT_MS;
  await clock.refresh();
  while (clock.now() < instant && wallNow() < end) {
    const left = (instant - clock.now()) / Math.max(clock.speed(), 1e-9);
    // One that is out of reach is not waited for at all.
    if (clock.speed() === 0 || left > EARLY_WAIT_MS) return;
    // The clock reads itself anew in time-lapse; were each lead that waits to ask the database, they would slow each other down.
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
