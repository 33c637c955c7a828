import { basename } from 'node:path';
import type { IdentityHasher } from '../../common/crypto.ts';
import type { Db } from '../../db/db.ts';
import type { ImportProgress } from '../../db/import/import-leads.ts';
import { segmentPages } from '../../db/leads.ts';
import { freeLaunchName, type EnrollReport } from '../../db/launches.ts';
import { CommandRefused } from '../../db/refused.ts';
import { findSender } from '../../db/senders.ts';
import { loadVersion } from '../../db/sequences.ts';
import { compileSegment } from '../../sequences/language/index.ts';
import type { ColumnMapping } from '../../sequences/leads/columns.ts';
import { importFile, type FileImport } from './import-file.ts';
import { inPages, launchOn, runningLaunch } from './launch-on.ts';
import { publishFile } from './publish-file.ts';
import { readSequenceFiles } from './read-sequence-files.ts';
import { rehearse } from './rehearse.ts';

/** Whom to launch on: a CSV file, which is imported, or the known leads for which a CEL expression holds. */
export type LaunchAudience =
  | {
      readonly csv: string;
      readonly mapping?: ColumnMapping;
      readonly defaultCountry?: string;
      readonly rejects?: string | null;
    }
  | { readonly segment: string }
  /** Nobody now: whoever an event of the sequence's `enroll_on` is about, for as long as the launch runs. */
  | { readonly events: true };

export interface LaunchRequest {
  readonly audience: LaunchAudience;
  /** The definition; may be left out where leads are added to a launch that runs. */
  readonly file?: string;
  /** Adds to this launch (its id) instead of making one. */
  readonly to?: string;
  /** Default: the sequence's name and that of the audience, with a number where a launch is called that already. */
  readonly name?: string;
  /** The zone of leads whose own, company's and sender's are unknown. */
  readonly timeZone?: string;
  /** Names, addresses or ids; default: what the sequence says. */
  readonly senders?: readonly string[];
  /** Everything is tried and taken back: the answer is what a launch would do. */
  readonly dryRun?: boolean;
  readonly onProgress?: (progress: LaunchProgress) => void;
}

type LaunchProgress =
  (ImportProgress & { readonly size: number }) | { readonly phase: 'enrolling'; readonly leads: number };

export interface LaunchOutcome {
  /** null after a dry run, and where nobody was enrolled: a new launch is not kept then. */
  readonly launchId: string | null;
  readonly name: string;
  readonly sequence: string;
  readonly versionId: string | null;
  readonly revision: number;
  readonly outcome: 'new_version' | 'new_copy' | 'unchanged';
  readonly imported: FileImport | null;
  readonly report: EnrollReport;
  /** The launches whose workflows should be woken. */
  readonly wake: readonly string[];
}

/**
 * Launches a sequence on an audience: publishes the definition if its structure is new, imports the leads, and enrolls whoever
 * can be. Nothing is written when the definition, the file as a whole, the segment or a sender is wrong.
 * @throws SequenceError, CopyNotPublished, LeadsCsvError, ConditionError, CommandRefused; the file system's errors
 */
export async function launchFile(
  deps: { readonly db: Db; readonly hashIdentity: IdentityHasher },
  request: LaunchRequest,
): Promise<LaunchOutcome> {
  if (!request.dryRun) return launch(deps, request);
  const outcome = await rehearse(deps.db, (db) => launch({ ...deps, db }, request));
  // What was made is gone again: only ids of what was there before mean anything.
  const versionId = outcome.outcome === 'new_version' ? null : outcome.versionId;
  return { ...outcome, launchId: request.to ?? null, versionId, wake: [] };
}

async function launch(
  { db, hashIdentity }: { readonly db: Db; readonly hashIdentity: IdentityHasher },
  request: LaunchRequest,
): Promise<LaunchOutcome> {
  const { audience, onProgress } = request;
  const matches = 'segment' in audience ? compileSegment(audience.segment) : null;
  const senders = [];
  for (const name of request.senders ?? []) senders.push((await findSender(db, name)).id);
  const into = request.to === undefined ? null : await runningLaunch(db, request.to);
  if (into && request.file !== undefined) await sameStructure(db, into.versionId, request.file);

  const published = into ? null : await publishFile(db, required(request.file));
  const versionId = into?.versionId ?? published!.versionId;
  const version = await loadVersion(db, versionId);
  const imported =
    'csv' in audience
      ? await importFile({ db, hashIdentity }, audience.csv, {
          ...audience,
          ...(onProgress && { onProgress }),
        })
      : null;
  const onEvents = 'events' in audience;
  const name =
    into?.name ?? request.name ?? (await freeLaunchName(db, (n) => nameOfLaunch(version.name, audience, n)));
  const pages = imported ? inPages(imported.leadIds) : matches ? segmentPages(db, matches) : inPages([]);
  const launched = await launchOn(
    { db, hashIdentity },
    {
      to: into?.id ?? null,
      launch: {
        versionId,
        name,
        timeZone: request.timeZone ?? 'UTC',
        senderIds: senders.length > 0 ? senders : null,
        onEvents,
      },
      pages: counted(pages, onProgress),
    },
  );
  return {
    ...launched,
    name,
    sequence: version.name,
    versionId,
    revision: version.revision,
    outcome: published?.outcome ?? 'unchanged',
    imported,
  };
}

/** Leads that are added run what the launch runs; a file that says otherwise would mislead. */
async function sameStructure(db: Db, versionId: string, file: string): Promise<void> {
  const { main } = readSequenceFiles(file);
  const version = await loadVersion(db, versionId);
  if (version.name === main.name && version.structureHash === main.structureHash) return;
  throw new CommandRefused(
    'not_running',
    `That launch runs another version of "${version.name}" than ${file}. Leave the file out to add leads to the version that it runs, or start a new launch.`,
  );
}

function required(file: string | undefined): string {
  if (file === undefined) throw new TypeError('a new launch needs a file');
  return file;
}

/** What a launch is called unless somebody says: the n-th of that name. */
export function nameOfLaunch(sequence: string, audience: LaunchAudience, n: number): string {
  if ('segment' in audience) return `${sequence}: segment ${n}`;
  const name = `${sequence}: ${'events' in audience ? 'events' : basename(audience.csv).replace(/\.csv$/i, '')}`;
  return n === 1 ? name : `${name} (${n})`;
}

async function* counted(
  pages: AsyncIterable<readonly string[]>,
  onProgress: LaunchRequest['onProgress'],
): AsyncGenerator<readonly string[]> {
  let leads = 0;
  for await (const page of pages) {
    yield page;
    leads += page.length;
    onProgress?.({ phase: 'enrolling', leads });
  }
}
