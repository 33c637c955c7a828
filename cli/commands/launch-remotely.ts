import { readFile } from 'node:fs/promises';
import type { Answer, Needs } from '../../api/v1/calling.ts';
import type { LaunchAudience, LaunchOutcome } from '../../api/operations/launch-file.ts';
import { parseSequence } from '../../sequences/language/index.ts';
import { CliError } from '../errors.ts';
import type { Output } from '../output/output.ts';
import { remoteLaunches, remoteSenders, remoteLaunch } from '../remote-names.ts';
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

const NOBODY: LaunchOutcome['report']['excluded'] = {
  suppressed: 0,
  already_active: 0,
  no_reachable_channel: 0,
  no_consent: 0,
  invalid: 0,
};

/** Large lists take their time. */
const PATIENCE_MS = 300_000;

/**
 * Launches over HTTP what is published: a file that says something else is refused, since a rep may launch but not publish.
 * @throws CliError also for what only the database can do: to list which rows of a file that is tried would not be taken
 */
export async function launchRemotely(
  api: Remote,
  out: Output,
  audience: LaunchAudience,
  { file, to, name, timeZone, senders, dryRun }: Request,
): Promise<LaunchOutcome> {
  if ('csv' in audience && dryRun && audience.rejects)
    throw new CliError(
      '--dry-run with --rejects works on the database only: unset CADENZA_URL where Cadenza runs.',
      2,
      'not_remote',
    );
  const version = file === undefined ? null : await published(api, file);
  const launch = to === undefined ? null : (await remoteLaunch(api, to)).id;
  const senderIds = senders.length > 0 ? await remoteSenders(api, version!.id, senders) : null;
  const { whom, report } = await audienceThere(api, out, audience, dryRun);
  const patient = { timeoutMs: PATIENCE_MS };
  const told =
    launch && !('events' in whom)
      ? await api.call('launches.add', { path: { id: launch }, body: { audience: whom, dryRun } }, patient)
      : await api.call(
          'launches.create',
          {
            body: {
              audience: whom,
              dryRun,
              versionId: version!.id,
              name: name ?? (await freeName(api, version!.name, audience)),
              timeZone,
              senderIds: senderIds && [...senderIds],
            },
          },
          patient,
        );
  const imported = told.imported ? { ...told.imported, rejectsFile: null } : report;
  const now = version ?? (await api.call('sequences.read', { path: { name: told.sequence } }));
  return {
    launchId: told.launchId ?? (dryRun ? launch : null),
    name: told.name,
    sequence: told.sequence,
    versionId: now.id,
    revision: now.revision,
    outcome: 'unchanged',
    imported: imported && { ...imported, leadIds: [] },
    report: {
      enrolled: told.enrolled,
      excluded: {
        ...NOBODY,
        ...Object.fromEntries(told.excluded.map(({ reason, count }) => [reason, count])),
      },
    },
    wake: [],
  };
}

/** Whom the API is told to launch on. A file is imported first; one that is only tried is sent along. */
async function audienceThere(api: Remote, out: Output, audience: LaunchAudience, dryRun: boolean) {
  const known = (whom: Needs<'launches.create'>['body']['audience']) => ({ whom, report: null });
  if ('events' in audience) return known({ events: true });
  if ('segment' in audience) return known({ where: audience.segment });
  const mapping = audience.mapping ?? {};
  if (dryRun) return known({ csv: await readFile(audience.csv, 'utf8'), mapping });
  const { importId, report } = await importRemotely(api, out, audience.csv, {
    mapping,
    ...(audience.rejects && { rejects: audience.rejects }),
  });
  return { whom: { importId }, report };
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

/** The default name, with a number that none of the launches that one sees has. */
async function freeName(api: Remote, sequence: string, audience: LaunchAudience): Promise<string> {
  const { nameOfLaunch } = await import('../../api/operations/launch-file.ts');
  const taken = new Set((await remoteLaunches(api)).map(({ name }) => name.toLowerCase()));
  for (let n = 1; ; n++) {
    const name = nameOfLaunch(sequence, audience, n);
    if (!taken.has(name.toLowerCase())) return name;
  }
}
