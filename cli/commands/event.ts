import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { oneOf } from '../options.ts';
import { count } from '../output/text.ts';
import { saySending } from './control.ts';

const TYPES = [
  'replied',
  'accepted',
  'opened',
  'clicked',
  'bounced',
  'unsubscribed',
  'meeting_booked',
  'out_of_office',
  'goal',
] as const;
const CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;

interface Options {
  readonly channel?: (typeof CHANNELS)[number];
  readonly at?: string;
  readonly until?: string;
  readonly note?: string;
  readonly key?: string;
}

export function addEvent(program: Command): void {
  addCommand(program, 'event <lead> <type>', {
    summary: 'record by hand what came back from a lead',
    description: `TYPE is ${TYPES.join(', ')}. It has its effect at once, as if it had come in by itself: a reply stops what the sequence says it stops.`,
    examples: [
      'event ada@example.com replied --channel email',
      'event ada@example.com meeting_booked --note "Thursday at ten"',
      'event ada@example.com out_of_office --until "2026-03-16 09:00"',
    ],
  })
    .option('--channel <channel>', CHANNELS.join(', '), oneOf('--channel', CHANNELS))
    .option('--at <when>', 'when it was, local to the lead (default: now)')
    .option('--until <when>', 'of out_of_office: when the lead is back')
    .option('--note <text>', 'for people')
    .option('--key <text>', 'the source’s own id of it: the second time changes nothing')
    .action(
      action<[string, string], Options>(async (out, [text, typed], options) => {
        const type = oneOf('event', TYPES)(typed.replaceAll('-', '_'));
        const [{ recordLeadEvent }, { findLead, timeline }, { businessNow }, { parseWhen }, { withSession }] =
          await Promise.all([
            import('../../db/events.ts'),
            import('../../db/history.ts'),
            import('../../db/lookup.ts'),
            import('../../api/operations/when.ts'),
            import('../session.ts'),
          ]);
        const { lead, effect } = await withSession(out, async ({ db, hashIdentity, wake }) => {
          const lead = await findLead(db, text);
          const { timeZone: zone } = await timeline(db, lead.id, 1);
          const now = await businessNow(db);
          const effect = await recordLeadEvent(db, hashIdentity, {
            leadId: lead.id,
            type,
            channel: options.channel ?? null,
            ...(options.at !== undefined && { at: parseWhen(options.at, { zone, now }) }),
            ...(options.until !== undefined && { until: parseWhen(options.until, { zone, now }) }),
            ...(options.note !== undefined && { data: { note: options.note } }),
            ...(options.key !== undefined && { dedupeKey: options.key }),
          });
          await wake({ enrollments: effect.wake });
          return { lead, effect };
        });
        const { wake: _, ...told } = effect;
        await out.result({ lead, type, ...told }, () => {
          if (effect.eventId === null) return out.line('That was known already; nothing changed.');
          out.line(`Recorded: ${lead.name || lead.email} ${type.replaceAll('_', ' ')}.`);
          if (effect.stopped.length > 0)
            out.line(`${count(effect.stopped.length, 'lead')} left the sequence because of it.`);
          saySending(out, effect.sending);
        });
      }),
    );
}
