/** Launching on leads that are known, and trying it first. */
import type { IdentityHasher } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import type { ImportReport } from '../../db/import/import-leads.ts';
import {
  countPending,
  firstPending,
  namesInTouch,
  namesLeftOut,
  type InTouch,
} from '../../db/launch-forecast.ts';
import { createLaunch, enroll, freeLaunchName, type EnrollReport, type Review } from '../../db/launches.ts';
import { segmentPages } from '../../db/leads.ts';
import { loadVersion } from '../../db/sequences.ts';
import { compileSegment } from '../../sequences/language/index.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import { FORECAST_LEADS, NAMES, prepareForecast, runForecast, type Forecast } from './forecast.ts';
import { inPages, launchOn, runningLaunch } from './launch-on.ts';
import { rehearse } from './rehearse.ts';

/** Lead ids, those for whom a CEL expression holds, or nobody now but whoever an event of the sequence's `enroll_on` is about. */
export type KnownAudience =
  { readonly leadIds: readonly string[] } | { readonly where: string } | { readonly events: true };

export interface LaunchLeads {
  readonly audience: KnownAudience;
  /** Whom of a segment the caller may launch on. */
  readonly mayTake: (lead: LeadProfile) => boolean;
  /** Adds to this launch instead of making one; what follows is the launch's then. */
  readonly to?: string;
  readonly versionId: string;
  readonly name: string | null;
  readonly timeZone: string;
  readonly senderIds: readonly string[] | null;
  readonly startsAt: Date | null;
  readonly review: Review | null;
  readonly reviewer: string | null;
  readonly createdBy: string;
}

export interface LaunchedLeads {
  readonly launchId: string | null;
  readonly name: string;
  readonly sequence: string;
  readonly report: EnrollReport;
  readonly wake: readonly string[];
}

/** Whom a rehearsal is about. */
export interface Rehearsed {
  readonly audience: KnownAudience;
  /** Of a file that was imported within the rehearsal. */
  readonly imported: Omit<ImportReport, 'leadIds'> | null;
}

export interface Rehearsal extends Pick<Rehearsed, 'imported'> {
  readonly name: string;
  readonly sequence: string;
  readonly report: EnrollReport;
  /** By reason, the first who are left out. */
  readonly names: Readonly<Record<string, readonly { readonly leadId: string; readonly name: string }[]>>;
  /** Who would be enrolled though they are in touch, by the reason. */
  readonly inTouch: readonly InTouch[];
  /** null: nobody would be enrolled. */
  readonly forecast: Forecast | null;
}

interface Deps {
  readonly db: Db;
  readonly hashIdentity: IdentityHasher;
}

/** @throws ConditionError, CommandRefused */
export async function launchLeads({ db, hashIdentity }: Deps, request: LaunchLeads): Promise<LaunchedLeads> {
  const { audience, mayTake } = request;
  const matches = 'where' in audience ? compileSegment(audience.where) : null;
  const into = request.to === undefined ? null : await runningLaunch(db, request.to);
  const version = await loadVersion(db, into?.versionId ?? request.versionId);
  const name =
    into?.name ??
    request.name ??
    (await freeLaunchName(db, (n) => (n === 1 ? version.title : `${version.title} (${n})`)));
  const pages = matches
    ? segmentPages(db, (lead) => mayTake(lead) && matches(lead))
    : inPages('leadIds' in audience ? audience.leadIds : []);
  const onEvents = 'events' in audience;
  const { versionId, timeZone, senderIds, startsAt, review, reviewer, createdBy } = request;
  const launched = await launchOn(
    { db, hashIdentity },
    {
      to: into?.id ?? null,
      launch: { versionId, name, timeZone, senderIds, onEvents, startsAt, review, reviewer, createdBy },
      pages,
    },
  );
  return { ...launched, name, sequence: version.name };
}

/**
 * What `launchLeads` would do and what would come of it; nothing is written.
 * @param find whom it is about; what it writes is taken back, too
 * @throws what launchLeads and `find` throw
 */
export async function rehearseLaunch(
  deps: Deps,
  now: number,
  given: Omit<LaunchLeads, 'audience'>,
  find: (db: Db) => Promise<Rehearsed>,
): Promise<Rehearsal> {
  const tried = await rehearse(deps.db, async (db) => {
    const { audience, imported } = await find(db);
    const request = { ...given, audience };
    const { rows } = await db.query<{ since: Date }>('select business_now() as since');
    const launched = await launchLeads({ ...deps, db }, request);
    const { launchId, name, sequence, report } = launched;
    const told = { name, sequence, report, imported };
    if (launchId === null)
      return { ...told, names: await namesOfNobody({ ...deps, db }, request), inTouch: [], prepared: null };
    const into = request.to === undefined ? null : await runningLaunch(db, request.to);
    const prepared =
      report.enrolled === 0
        ? null
        : await prepareForecast(db, {
            versionId: into?.versionId ?? request.versionId,
            senderIds: into ? into.senderIds : request.senderIds,
            leadIds: await firstPending(db, launchId, FORECAST_LEADS),
            leads: await countPending(db, launchId),
            start: Math.max(now, (into ? into.startsAt : request.startsAt)?.getTime() ?? now),
            timeZone: into?.timeZone ?? request.timeZone,
          });
    return {
      ...told,
      names: await namesLeftOut(db, launchId, NAMES),
      inTouch: await namesInTouch(db, launchId, rows[0]!.since, NAMES),
      prepared,
    };
  });
  // Computed when nothing is locked any more.
  const { prepared, ...told } = tried;
  return { ...told, forecast: prepared && (await runForecast(prepared)) };
}

/** A launch in which nobody is is not kept, nor whom it left out: it is made once more, to stand open meanwhile. */
async function namesOfNobody({ db, hashIdentity }: Deps, request: LaunchLeads): Promise<Rehearsal['names']> {
  const { audience, mayTake } = request;
  const { id } = await createLaunch(db, { ...request, name: 'rehearsal' });
  const matches = 'where' in audience ? compileSegment(audience.where) : null;
  const pages = matches
    ? segmentPages(db, (lead) => mayTake(lead) && matches(lead))
    : inPages('leadIds' in audience ? audience.leadIds : []);
  await enroll(db, id, pages, { hashIdentity });
  return namesLeftOut(db, id, NAMES);
}
