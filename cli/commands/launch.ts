import type { Command } from 'commander';
import type { LaunchAudience, LaunchOutcome } from '../../api/operations/launch-file.ts';
import { action, addCommand, several } from '../command.ts';
import { CliError } from '../errors.ts';
import { columnMapping } from '../options.ts';
import type { Output } from '../output/output.ts';
import { count, words } from '../output/text.ts';
import { remote } from '../remote.ts';
import { rejectsBeside, sayImport } from './import.ts';

interface Options {
  readonly leads?: string;
  readonly segment?: string;
  readonly onEvents?: boolean;
  readonly sender?: readonly string[];
  readonly name?: string;
  readonly timeZone?: string;
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly map?: readonly string[];
  readonly rejects?: string;
}

export function addLaunch(program: Command): void {
  addCommand(program, 'launch [file]', {
    summary: 'start a sequence on a list or a segment of leads',
    description:
      'Says how many were enrolled, and how many were left out for which reason. Leads start as their senders have room.',
    examples: [
      'launch sequences/library/classic.yaml --leads leads.csv --dry-run',
      'launch classic.yaml --segment \'lead.country == "DE" && lead.attributes.tier == "gold"\' --sender rosa@example.com',
      'launch --to "classic: leads" --leads more.csv',
      'launch cart.yaml --on-events',
    ],
  })
    .option('--leads <csv>', 'the list; it is imported first')
    .option('--segment <cel>', 'the known leads for which this condition holds')
    .option('--on-events', 'whoever an event of its enroll_on is about, until the launch is stopped')
    .option('--sender <name>', 'only this sender, by name, address or id (repeatable)', several)
    .option(
      '--name <name>',
      'what the launch is called (default: the sequence and the list, or "SEQUENCE: segment N")',
    )
    .option(
      '--time-zone <zone>',
      'of leads that have none, nor their company or sender (default: this machine’s)',
    )
    .option('--to <launch>', 'add the leads to this running launch, by name or id')
    .option('--dry-run', 'say what would happen, and change nothing')
    .option('--map <Column=field>', 'what a column means (repeatable)', several)
    .option('--rejects <file>', 'where rows not taken are listed (default: beside the CSV, NAME.rejects.csv)')
    .action(
      action<[string | undefined], Options>(async (out, [file], options) => {
        const audience = audienceOf(options);
        if (file === undefined && options.to === undefined) {
          throw new CliError('Name the sequence file to launch, or a running launch with --to.');
        }
        if (options.to !== undefined && options.onEvents)
          throw new CliError('--on-events opens a launch of its own; --to adds leads to one that runs.');
        if (options.to !== undefined && (options.sender || options.name || options.timeZone)) {
          throw new CliError(
            '--sender, --name and --time-zone belong to a new launch; with --to leads join one as it is.',
          );
        }
        const [{ launchFile }, { findLaunch }, { withSession }] = await Promise.all([
          import('../../api/operations/launch-file.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        const api = remote();
        const timeZone = options.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
        const inDatabase = () =>
          withSession(out, async (session) => {
            const to = options.to === undefined ? undefined : (await findLaunch(session.db, options.to)).id;
            const progress = await out.progress('Launching');
            try {
              const done = await launchFile(session, {
                audience,
                ...(file !== undefined && { file }),
                ...(to !== undefined && { to }),
                ...(options.name !== undefined && { name: options.name }),
                timeZone,
                senders: options.sender ?? [],
                dryRun: options.dryRun === true,
                onProgress: (at) =>
                  at.phase === 'reading'
                    ? progress.update(Math.round(at.bytes / 1000), Math.round(at.size / 1000), 'kB read')
                    : at.phase === 'merging'
                      ? progress.update(at.rows, at.rows, 'rows are being merged')
                      : progress.update(at.leads, null, 'leads looked at'),
              });
              progress.end();
              await session.wake({ launches: done.wake });
              return done;
            } finally {
              progress.end();
            }
          });
        const outcome = api
          ? await (
              await import('./launch-remotely.ts')
            ).launchRemotely(api, out, audience, {
              file,
              to: options.to,
              name: options.name,
              timeZone,
              senders: options.sender ?? [],
              dryRun: options.dryRun === true,
            })
          : await inDatabase();
        const { wake: _, imported, ...told } = outcome;
        await out.result(
          {
            dryRun: options.dryRun === true,
            ...told,
            imported: imported && { ...imported, leadIds: undefined },
          },
          () => say(out, outcome, { dryRun: options.dryRun === true, onEvents: 'events' in audience }),
        );
        const inVain = outcome.launchId === null && outcome.report.enrolled === 0 && !('events' in audience);
        return inVain && options.dryRun !== true ? 1 : 0;
      }),
    );
}

function audienceOf(options: Options): LaunchAudience {
  const { leads, segment, onEvents } = options;
  if ([leads, segment, onEvents].filter((one) => one !== undefined).length !== 1) {
    throw new CliError(
      'Say whom to launch on, one of: --leads FILE.csv, --segment CONDITION, such as --segment \'lead.country == "DE"\', or --on-events.',
    );
  }
  if (onEvents) return { events: true };
  if (segment !== undefined) return { segment };
  const rejects = options.dryRun ? (options.rejects ?? null) : (options.rejects ?? rejectsBeside(leads!));
  return { csv: leads!, mapping: columnMapping(options.map), rejects };
}

function say(
  out: Output,
  outcome: LaunchOutcome,
  { dryRun, onEvents }: { readonly dryRun: boolean; readonly onEvents: boolean },
): void {
  const { imported, report, name, launchId, sequence, revision } = outcome;
  if (onEvents) return sayOpen(out, outcome, dryRun);
  if (dryRun) out.line(out.colors.bold('Dry run: nothing was changed.'));
  if (imported) sayImport(out, imported);
  const nobody = report.enrolled === 0;
  if (nobody) {
    const kept = !dryRun && launchId === null ? ' No launch was made.' : '';
    out.line(`Nobody ${dryRun ? 'would be' : 'was'} enrolled in ${sequence}.${kept}`);
  } else {
    out.line(
      `${dryRun ? 'Would enroll' : 'Enrolled'} ${count(report.enrolled, 'lead')} in ${sequence} (copy revision ${revision}).`,
    );
  }
  for (const [reason, number] of Object.entries(report.excluded))
    if (number > 0) out.line(`  ${count(number, 'lead')} left out: ${words(reason)}`);
  if (nobody && Object.values(report.excluded).every((number) => number === 0))
    out.line('  There is no lead in the list or the segment.');
  if (!dryRun && launchId) {
    out.line(`Launch "${name}" ${launchId}`);
    const look = remote()?.page(`/launches/${launchId}`) ?? `cadenza status ${launchId.slice(0, 8)}`;
    out.line(out.colors.dim(`How it goes: ${look}`));
  }
}

function sayOpen(out: Output, { name, launchId, sequence, revision }: LaunchOutcome, dryRun: boolean): void {
  if (dryRun) out.line(out.colors.bold('Dry run: nothing was changed.'));
  out.line(
    `${sequence} (copy revision ${revision}) ${dryRun ? 'would stand' : 'stands'} open for its events.`,
  );
  if (launchId === null) return;
  out.line(`Launch "${name}" ${launchId}`);
  const close = `cadenza stop launch ${launchId.slice(0, 8)}`;
  out.line(out.colors.dim(`What came: cadenza sources events; to close it: ${close}`));
}
