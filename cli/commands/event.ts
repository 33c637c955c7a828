import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf } from '../options.ts';
import { OUTSIDE_EVENT, type OutsideEvent } from '../../sequences/plan.ts';
import { count, words } from '../output/text.ts';
import { remoteLeadTime } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
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
  readonly data?: string;
  readonly key?: string;
}

export function addEvent(program: Command): void {
  addCommand(program, 'event <lead> <type>', {
    summary: 'record by hand what came back from a lead',
    description: `TYPE is ${TYPES.join(', ')}, or another system's event such as order.placed. It has its effect at once, as if it had come in by itself: a reply stops what the sequence says it stops.`,
    examples: [
      'event ada@example.com replied --channel email',
      'event ada@example.com meeting_booked --note "Thursday at ten"',
      'event ada@example.com out_of_office --until "2026-03-16 09:00"',
      'event ada@example.com order.placed --data \'{"total": 120}\'',
    ],
  })
    .option('--channel <channel>', CHANNELS.join(', '), oneOf('--channel', CHANNELS))
    .option('--at <when>', 'when it was, local to the lead (default: now)')
    .option('--until <when>', 'of out_of_office: when the lead is back')
    .option('--data <json>', 'what rules may ask about, a JSON object')
    .option('--note <text>', 'for people')
    .option('--key <text>', 'the source’s own id of it: the second time changes nothing')
    .action(
      action<[string, string], Options>(async (out, [text, typed], options) => {
        const type = OUTSIDE_EVENT.test(typed)
          ? (typed as OutsideEvent)
          : oneOf('event', TYPES)(typed.replaceAll('-', '_'));
        const data = { ...dataOf(options.data), ...(options.note !== undefined && { note: options.note }) };
        const [
          { recordLeadEvent },
          { findLead, timeline },
          { businessNow },
          { parseWhen },
          { withSession },
          { iso },
        ] = await Promise.all([
          import('../../db/events.ts'),
          import('../../db/history.ts'),
          import('../../db/lookup.ts'),
          import('../../api/operations/when.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
        const { channel = null, key } = options;
        const times = (local: { readonly zone: string; readonly now: number }) => ({
          ...(options.at !== undefined && { at: parseWhen(options.at, local) }),
          ...(options.until !== undefined && { until: parseWhen(options.until, local) }),
        });
        const remotely = async (api: Remote) => {
          const { lead, ...local } = await remoteLeadTime(api, text);
          const { at = null, until = null } = times(local);
          const effect = await api.call('leads.event', {
            path: { id: lead.id },
            body: {
              type,
              channel,
              data,
              ...(at !== null && { at: iso(at)! }),
              ...(until !== null && { until: iso(until)! }),
              ...(key !== undefined && { key }),
            },
          });
          return { lead, effect };
        };
        const inDatabase = () =>
          withSession(out, async ({ db, hashIdentity, wake }) => {
            const lead = await findLead(db, text);
            const { timeZone: zone } = await timeline(db, lead.id, 1);
            const {
              wake: enrollments,
              enrolled,
              ...effect
            } = await recordLeadEvent(db, hashIdentity, {
              leadId: lead.id,
              type,
              channel,
              ...times({ zone, now: await businessNow(db) }),
              data,
              ...(key !== undefined && { dedupeKey: key }),
            });
            const launches = enrolled.filter((one) => one.refused === null);
            await wake({ enrollments, launches: launches.map((one) => one.launchId) });
            return { lead, effect: { ...effect, enrolled } };
          });
        const api = remote();
        const { lead, effect } = api ? await remotely(api) : await inDatabase();
        await out.result({ lead, type, ...effect }, () => {
          if (effect.eventId === null) return out.line('That was known already; nothing changed.');
          out.line(`Recorded: ${lead.name || lead.email} ${type.replaceAll('_', ' ')}.`);
          if (effect.stopped.length > 0)
            out.line(`${count(effect.stopped.length, 'lead')} left the sequence because of it.`);
          for (const { refused } of effect.enrolled)
            out.line(
              refused === null
                ? 'It enrolled the lead in a launch that stands open for it.'
                : `It did not enroll the lead: ${words(refused)}.`,
            );
          saySending(out, effect.sending);
        });
      }),
    );
}

function dataOf(text = '{}'): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(text);
    if (typeof data === 'object' && data !== null && !Array.isArray(data))
      return data as Record<string, unknown>;
  } catch {
    // Said below, as for anything else that is no object.
  }
  throw new CliError(`--data is a JSON object, such as '{"total": 120}'; this is ${JSON.stringify(text)}.`);
}
