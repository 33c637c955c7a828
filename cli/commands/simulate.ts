import type { Command } from 'commander';
import type { SimulatedTouch } from '../../sequences/simulate/index.ts';
import { action, addCommand, several } from '../command.ts';
import { columnMapping } from '../options.ts';
import { count, words } from '../output/text.ts';

/** Fewer are done in a moment. */
const MANY = 1000;

interface Options {
  readonly leads: string;
  readonly event?: readonly string[];
  readonly start?: string;
  readonly timeZone?: string;
  readonly map?: readonly string[];
}

export function addSimulate(program: Command): void {
  addCommand(program, 'simulate <file>', {
    summary: 'show the calendar of touches that a sequence gives for a list; nothing is sent',
    description:
      'It runs the same engine as the real thing, with one unlimited sender a channel and a clock that jumps. Needs no server.',
    examples: [
      'simulate sequences/library/classic.yaml --leads sequences/library/leads.csv',
      "simulate my.yaml --leads my.csv --event 'ada@example.com replied +3d' --event '* ring=connected +1h'",
      "simulate my.yaml --leads my.csv --start '2026-03-09 09:00' --time-zone Europe/Berlin --json",
    ],
    local: true,
  })
    .requiredOption('--leads <csv>', 'the list')
    .option(
      '--event <event>',
      "what happens: 'LEAD EVENT +TIME' after the start, or 'LEAD STEP=OUTCOME +TIME' after a task opened; LEAD may be * (repeatable)",
      several,
    )
    .option('--start <when>', 'when the launch is, in the time zone (default: now)')
    .option('--time-zone <zone>', 'of leads that have none (default: this machine’s)')
    .option('--map <Column=field>', 'what a column means (repeatable)', several)
    .action(
      action<[string], Options>(async (out, [file], options) => {
        const [{ simulateFile }, { parseWhen }, { formatLocal }, { wallNow }] = await Promise.all([
          import('../../api/operations/simulate-file.ts'),
          import('../../api/operations/when.ts'),
          import('../../sequences/calendar/zone.ts'),
          import('../../common/clock.ts'),
        ]);
        const timeZone = options.timeZone ?? localZone();
        const now = wallNow();
        const start = parseWhen(options.start ?? '+0m', { zone: timeZone, now });
        const { sequence, leads, rejected, result } = await simulateFile({
          file,
          csv: options.leads,
          mapping: columnMapping(options.map),
          events: options.event ?? [],
          start,
          timeZone,
          onStart: (leads) => {
            if (leads > MANY) out.note(`Simulating ${leads} leads …`);
          },
        });
        const json = {
          sequence: sequence.name,
          start: new Date(start).toISOString(),
          rejected,
          leads: result.leads.map((lead) => ({ ...lead, endedAt: iso(lead.endedAt) })),
          touches: result.touches.map((touch) => ({ ...touch, at: iso(touch.at) })),
        };
        await out.result(json, async () => {
          const byLead = new Map(result.leads.map(({ leadId }) => [leadId, [] as SimulatedTouch[]]));
          for (const touch of result.touches) byLead.get(touch.leadId)?.push(touch);
          const profiles = new Map(leads.map((lead) => [lead.id, lead]));
          for (const stand of result.leads) {
            const lead = profiles.get(stand.leadId);
            const name = [lead?.firstName, lead?.lastName].filter(Boolean).join(' ');
            const email = lead?.emails[0] ?? stand.leadId;
            out.line(out.colors.bold(`${name || email}${name ? ` <${email}>` : ''} (${stand.zone})`));
            for (const touch of byLead.get(stand.leadId) ?? []) {
              const what =
                touch.action === touch.channel ? touch.channel : `${touch.channel} ${touch.action}`;
              const why = touch.reason ? `: ${words(touch.reason)}` : '';
              out.line(
                `  ${formatLocal(touch.at, touch.zone)}  ${what.padEnd(17)} ${touch.stepId.padEnd(20)} ${touch.state}${why}`,
              );
            }
            const when = stand.endedAt === null ? '' : ` ${formatLocal(stand.endedAt, stand.zone)}`;
            out.line(out.colors.dim(`  ${stand.state}${when}: ${words(stand.reason)} (${stand.sequence})`));
          }
          const sent = result.touches.filter((touch) => touch.state === 'sent').length;
          out.line(`${count(result.leads.length, 'lead')}, ${count(sent, 'touch', 'touches')}.`);
        });
        for (const row of rejected) out.warn(`line ${row.line} is left out: ${row.detail}`);
      }),
    );
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}
