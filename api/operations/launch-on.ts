import type { IdentityHasher } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import {
  createLaunch,
  dropEmptyLaunch,
  enroll,
  readLaunch,
  type EnrollReport,
  type LaunchRow,
  type NewLaunch,
} from '../../db/launches.ts';
import { lookAgain } from '../../db/look-again.ts';
import { CommandRefused } from '../../db/refused.ts';
import { loadVersion } from '../../db/sequences.ts';

/** A published version and whom to launch it on. */
export interface LaunchOrder {
  /** Adds to this launch, which runs, instead of making one. */
  readonly to: string | null;
  readonly launch: NewLaunch;
  readonly pages: AsyncIterable<readonly string[]>;
}

export interface Launched {
  /** null where nobody was enrolled: a new launch is not kept then. */
  readonly launchId: string | null;
  readonly report: EnrollReport;
  /** The launches whose workflows should be woken. */
  readonly wake: readonly string[];
}

/**
 * Makes a launch of a published version, or takes one that runs, and enrolls whoever can be. One that nobody is in is not kept,
 * unless it stands open for events.
 * @throws CommandRefused
 */
export async function launchOn(
  { db, hashIdentity }: { readonly db: Db; readonly hashIdentity: IdentityHasher },
  { to, launch, pages }: LaunchOrder,
): Promise<Launched> {
  if (launch.onEvents) await assertEnrollsOnEvents(db, launch.versionId);
  const launchId = to ?? (await createLaunch(db, launch)).id;
  const report = await enroll(db, launchId, pages, { hashIdentity });
  const dropped =
    to === null && !launch.onEvents && report.enrolled === 0 && (await dropEmptyLaunch(db, launchId));
  return {
    launchId: dropped ? null : launchId,
    report,
    wake: dropped ? [] : await lookAgain(db, launchId),
  };
}

/** The launch, to which leads can be added. @throws CommandRefused `not_found`, `not_running` */
export async function runningLaunch(db: Db, id: string): Promise<LaunchRow> {
  const launch = await readLaunch(db, id);
  if (launch.status === 'running') return launch;
  throw new CommandRefused(
    'not_running',
    `The launch "${launch.name}" was stopped: nobody can be added. Start a new one.`,
  );
}

async function assertEnrollsOnEvents(db: Db, versionId: string): Promise<void> {
  const { name, settings } = await loadVersion(db, versionId);
  if (settings.enrollOn) return;
  throw new CommandRefused(
    'nothing_to_wait_for',
    `The sequence "${name}" enrolls on no events. Add enroll_on: [{ event: order.placed }] to its file.`,
  );
}

const PAGE = 5000;

export async function* inPages(ids: readonly string[]): AsyncGenerator<readonly string[]> {
  for (let at = 0; at < ids.length; at += PAGE) yield ids.slice(at, at + PAGE);
}
