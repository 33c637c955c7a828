import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { FileImport } from '../../api/operations/import-file.ts';
import type { ColumnMapping } from '../../sequences/leads/columns.ts';
import { action, addCommand, several } from '../command.ts';
import { CliError } from '../errors.ts';
import { columnMapping } from '../options.ts';
import type { Output } from '../output/output.ts';
import { count, words } from '../output/text.ts';
import { remote, type Remote } from '../remote.ts';

interface Options {
  readonly map?: readonly string[];
  readonly rejects?: string;
  readonly country?: string;
}

export function addImport(program: Command): void {
  addCommand(program, 'import <csv>', {
    summary: 'import leads from a CSV file',
    description:
      'Columns are recognised by name. Rows are merged by email, LinkedIn URL or external id; what is filled stays. Rows that cannot be taken are written to a file of their own with line and reason.',
    examples: [
      'import leads.csv',
      "import export.csv --map 'Work mail=email' --map 'Tier=attributes.tier' --map 'Notes=-' --rejects not-taken.csv",
    ],
  })
    .option('--map <Column=field>', 'what a column means; Column=- leaves it out (repeatable)', several)
    .option('--rejects <file>', 'where rows not taken are listed (default: beside the CSV, NAME.rejects.csv)')
    .option('--country <code>', 'reads phone numbers without a country code, in rows without a country')
    .action(
      action<[string], Options>(async (out, [csv], options) => {
        const [{ importFile }, { withSession }] = await Promise.all([
          import('../../api/operations/import-file.ts'),
          import('../session.ts'),
        ]);
        const mapping = columnMapping(options.map);
        const api = remote();
        const inDatabase = () =>
          withSession(out, async ({ db, hashIdentity }) => {
            const progress = await out.progress('Importing');
            try {
              return await importFile({ db, hashIdentity }, csv, {
                mapping,
                ...(options.country && { defaultCountry: options.country.toUpperCase() }),
                rejects: options.rejects ?? rejectsBeside(csv),
                onProgress: (at) =>
                  at.phase === 'reading'
                    ? progress.update(
                        Math.round(at.bytes / 1000),
                        Math.round(at.size / 1000),
                        `kB, ${at.rows} rows`,
                      )
                    : progress.update(at.rows, at.rows, 'rows are being merged'),
              });
            } finally {
              progress.end();
            }
          });
        const { leads, report } = api
          ? await importRemotely(api, out, csv, { ...options, mapping })
          : await inDatabase().then(({ leadIds, ...report }) => ({ report, leads: leadIds.length }));
        await out.result({ ...report, leads }, () => sayImport(out, report));
      }),
    );
}

const LOOK_MS = 500;

/** Imports over HTTP. `importId` says to a launch whom the file was about. */
export async function importRemotely(
  api: Remote,
  out: Output,
  csv: string,
  { mapping, country, rejects }: Omit<Options, 'map'> & { readonly mapping: ColumnMapping },
): Promise<{
  readonly importId: string;
  readonly report: Omit<FileImport, 'leadIds'>;
  readonly leads: number;
}> {
  const content = await readFile(csv, 'utf8');
  const progress = await out.progress('Importing');
  try {
    const { id } = await api.call('imports.add', { query: { name: basename(csv) }, body: content });
    const file = { path: { id } };
    await api.call('imports.run', {
      ...file,
      body: { mapping, ...(country && { defaultCountry: country.toUpperCase() }) },
    });
    for (;;) {
      const now = await api.call('imports.read', file);
      if (now.report && now.state === 'done') {
        const rejectsFile = now.hasRejects ? (rejects ?? rejectsBeside(csv)) : null;
        if (rejectsFile) await writeFile(rejectsFile, await api.call('imports.rejects', file));
        const { created, updated, unchanged } = now.report;
        return { importId: id, report: { ...now.report, rejectsFile }, leads: created + updated + unchanged };
      }
      if (now.state !== 'running')
        throw new CliError(
          now.error ?? 'The import did not come to its end. Run it again.',
          1,
          'import_failed',
        );
      progress.update(now.rowsDone, null, 'rows');
      await setTimeout(LOOK_MS);
    }
  } finally {
    progress.end();
  }
}

/** Where the rows of a file that are not taken go unless somebody says so. */
export function rejectsBeside(csv: string): string {
  return `${csv.replace(/\.csv$/i, '')}.rejects.csv`;
}

/** What became of the rows, in a few lines. */
export function sayImport(out: Output, report: Omit<FileImport, 'leadIds'>): void {
  const { rows, created, updated, unchanged, duplicates, rejected, warnings } = report;
  out.line(
    `${count(rows, 'row')}: ${created} new, ${updated} filled in, ${unchanged} known, ${duplicates} the same lead as another row.`,
  );
  for (const [reason, number] of Object.entries(rejected))
    out.line(`  ${count(number, 'row')} not taken: ${words(reason)}`);
  if (warnings > 0) out.line(`  ${count(warnings, 'row')} taken without a cell that could not be read`);
  if (report.rejectsFile) out.line(`  Which and why: ${report.rejectsFile}`);
}
