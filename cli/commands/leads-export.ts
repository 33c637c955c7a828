import { createWriteStream } from 'node:fs';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Output } from '../output/output.ts';
import { count } from '../output/text.ts';
import { remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

interface Options {
  readonly segment?: string;
  readonly output?: string;
}

export function addExport(leads: Command): void {
  addCommand(leads, 'export [lead]', {
    summary: 'export leads as CSV, or everything that is kept about one of them as JSON',
    description: 'In CSV, cells that a spreadsheet would run as a formula are made harmless.',
    examples: [
      'leads export --output leads.csv',
      'leads export --segment \'lead.country == "DE"\' > german.csv',
      'leads export ada@example.com > ada.json',
    ],
  })
    .option('--segment <cel>', 'only leads for which this condition holds')
    .option('--output <file>', 'where to (default: standard output)')
    .action(
      action<[string | undefined], Options>(async (out, [text], { segment, output }) => {
        if (text !== undefined) {
          if (segment !== undefined) throw new CliError('Name a lead or give --segment, not both.');
          return exportOne(out, text, output);
        }
        if (out.json && output === undefined)
          throw new CliError(
            'The export itself is CSV: give --output FILE with --json, or leave --json out.',
          );
        const to = () => (output === undefined ? process.stdout : createWriteStream(output));
        const api = remote();
        const number = await (api
          ? out.busy('Exporting', exportRemotely(api, segment, to))
          : exportBeside(out, segment, to));
        if (output !== undefined)
          await out.result({ exported: number, output }, () =>
            out.line(`Exported ${count(number, 'lead')} to ${output}.`),
          );
      }),
    );
}

/** @param to opens where it goes, which must not happen before the condition is known to be one */
async function exportRemotely(api: Remote, where: string | undefined, to: () => Writable): Promise<number> {
  const csv = await api.download('leads.csv', { query: { ...(where !== undefined && { where }) } });
  let lines = 0;
  let quoted = false;
  // It leaves out the byte order mark, which is for spreadsheets.
  const decoder = new TextDecoder();
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = decoder.decode(chunk, { stream: true });
      for (const character of text) {
        if (character === '"') quoted = !quoted;
        else if (character === '\n' && !quoted) lines++;
      }
      done(null, text);
    },
  });
  await pipeline(csv, counting, to());
  return Math.max(0, lines - 1);
}

async function exportBeside(out: Output, where: string | undefined, to: () => Writable): Promise<number> {
  const [{ exportLeads }, { compileSegment }, { withSession }] = await Promise.all([
    import('../../api/operations/export-leads.ts'),
    import('../../sequences/language/index.ts'),
    import('../session.ts'),
  ]);
  const matches = where === undefined ? undefined : compileSegment(where);
  return withSession(out, ({ db }) =>
    out.busy('Exporting', exportLeads(db, to(), matches ? { matches } : {})),
  );
}

async function exportOne(out: Output, text: string, output: string | undefined): Promise<void> {
  const api = remote();
  const all = await (api
    ? api.call('leads.export', { path: { id: await remoteLead(api, text) } })
    : oneBeside(out, text));
  const body = `${JSON.stringify(all, null, 2)}\n`;
  if (output === undefined) return void process.stdout.write(body);
  const { writeFile } = await import('node:fs/promises');
  await writeFile(output, body, { mode: 0o600 });
  await out.result({ output }, () => out.line(`Written to ${output}.`));
}

async function oneBeside(out: Output, text: string) {
  const [{ findLead }, { exportLead }, { withSession }] = await Promise.all([
    import('../../db/history.ts'),
    import('../../db/export.ts'),
    import('../session.ts'),
  ]);
  return withSession(out, async ({ db }) => exportLead(db, (await findLead(db, text)).id));
}
