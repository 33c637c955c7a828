import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Answer } from '../../api/v1/calling.ts';
import type { LaunchAudience, LaunchOutcome } from '../../api/operations/launch-file.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { CliError } from '../errors.ts';
import type { Output } from '../output/output.ts';
import { remoteSenders, remoteTarget } from '../remote-names.ts';
import type { Remote } from '../remote.ts';
import { importRemotely } from './import.ts';

interface Request {
  readonly file: string | undefined;
  readonly to: string | undefined;
  readonly name: string | undefined;
  readonly timeZone: string;
  readonly senders: readonly string[];
  readonly dryRun: boolean;
}

type Version = Answer<'sequences.read'>;

/**
 * Launches over HTTP what is published: a file that says something else is refused, since a rep may launch but not publish.
 * @throws CliError also for what only the database can do: `--on-events`, and trying a file of leads without importing it
 */
export async function launchRemotely(
  api: Remote,
  out: Output,
  audience: LaunchAudience,
  { file, to, name, timeZone, senders, dryRun }: Request,
): Promise<LaunchOutcome> {
  if ('events' in audience) throw databaseOnly('--on-events');
  if ('csv' in audience && dryRun) throw databaseOnly('--dry-run with --leads');
  const version = file === undefined ? null : await published(api, file);
  const launch = to === undefined ? null : (await remoteTarget(api, 'launch', to)).id;
  const senderIds = senders.length > 0 ? await remoteSenders(api, version!.id, senders) : null;
  const imported =
    'csv' in audience
      ? await importRemotely(api, out, audience.csv, {
          mapping: audience.mapping ?? {},
          ...(audience.rejects && { rejects: audience.rejects }),
        })
      : null;
  const whom = {
    audience: 'segment' in audience ? { where: audience.segment } : { importId: imported!.importId },
    dryRun,
  };
  const told = launch
    ? await api.call('launches.add', { path: { id: launch }, body: whom })
    : await api.call('launches.create', {
        body: {
          ...whom,
          versionId: version!.id,
          name: name ?? defaultName(version!.name, audience),
          timeZone,
          senderIds: senderIds && [...senderIds],
        },
      });
  const now = version ?? (await api.call('sequences.read', { path: { name: told.sequence } }));
  return {
    launchId: told.launchId,
    name: told.name,
    sequence: told.sequence,
    versionId: now.id,
    revision: now.revision,
    outcome: 'unchanged',
    imported: imported && { ...imported.report, leadIds: [] },
    report: {
      enrolled: told.enrolled,
      excluded: Object.fromEntries(
        told.excluded.map(({ reason, count }) => [reason, count]),
      ) as LaunchOutcome['report']['excluded'],
    },
    wake: [],
  };
}

async function published(api: Remote, file: string): Promise<Version> {
  const source = await readFile(file, 'utf8');
  const { name } = parseSequence(source, file, { sequenceExists: () => true });
  const version = await api.call('sequences.read', { path: { name } }).catch((error: unknown) => {
    if (error instanceof CliError && error.code === 'not_found') return null;
    throw error;
  });
  if (version?.source === source) return version;
  throw new CliError(
    `${version ? `${file} says something else than what is published of ${name}` : `${name} is not published there`}. Publish it first: cadenza publish ${file}`,
    2,
    'not_published',
  );
}

function defaultName(sequence: string, audience: LaunchAudience): string {
  return 'csv' in audience
    ? `${sequence}: ${basename(audience.csv).replace(/\.csv$/i, '')}`
    : `${sequence}: segment`;
}

function databaseOnly(what: string): CliError {
  return new CliError(
    `${what} works on the database only: unset CADENZA_URL where Cadenza runs.`,
    2,
    'not_remote',
  );
}
