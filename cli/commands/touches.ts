import type { Command } from 'commander';
import type { Needs } from '../../api/v1/calling.ts';
import type { TouchState } from '../../db/touches.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { count, words } from '../output/text.ts';
import { remoteId, remoteLaunch, remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

const STATES = [
  'booked',
  'sending',
  'sent',
  'failed',
  'skipped',
  'unconfirmed',
  'task',
  'cancelled',
] as const satisfies readonly TouchState[];

interface ListOptions {
  readonly unconfirmed?: boolean;
  readonly state?: TouchState;
  readonly lead?: string;
  readonly launch?: string;
  readonly limit: number;
}

interface SettleOptions {
  readonly sent?: boolean;
  readonly notSent?: boolean;
}

export function addTouches(program: Command): void {
  const touches = addGroup(program, 'touches', {
    summary: 'what went out, and what nobody knows went out',
    examples: ['touches list --unconfirmed', 'touches settle 3f2a --sent'],
  });

  addCommand(touches, 'list', {
    summary: 'list touches, the newest first',
    examples: ['touches list --unconfirmed', 'touches list --state failed --launch "classic: leads" --json'],
  })
    .option('--unconfirmed', 'those of which nobody knows whether they went out')
    .option('--state <state>', STATES.join(', '), oneOf('--state', STATES))
    .option('--lead <lead>', 'to this lead')
    .option('--launch <launch>', 'of this launch')
    .option('--limit <number>', 'at most so many', wholeNumber('--limit', 1), 100)
    .action(
      action<[], ListOptions>(async (out, _args, options) => {
        const [{ listTouches, findLaunch }, { findLead }, { withSession }, { localTime }] = await Promise.all(
          [
            import('../../db/lookup.ts'),
            import('../../db/history.ts'),
            import('../session.ts'),
            import('../output/when.ts'),
          ],
        );
        const { lead, launch, limit } = options;
        const state = options.unconfirmed ? 'unconfirmed' : options.state;
        const api = remote();
        const rows = api
          ? await remoteTouches(
              api,
              {
                state,
                leadId: lead === undefined ? undefined : await remoteLead(api, lead),
                launchId: launch === undefined ? undefined : (await remoteLaunch(api, launch)).id,
              },
              limit,
            )
          : await withSession(out, async ({ db }) =>
              listTouches(db, {
                state,
                leadId: lead === undefined ? undefined : (await findLead(db, lead)).id,
                launchId: launch === undefined ? undefined : (await findLaunch(db, launch)).id,
                limit,
              }),
            );
        await out.result({ touches: rows }, async () => {
          if (rows.length === 0) return out.line('No touches.');
          await out.table(
            ['ID', 'WHEN', 'LEAD', 'STEP', 'CHANNEL', 'TO', 'STATE', 'WHY'],
            rows.map((touch) => [
              touch.id.slice(0, 8),
              localTime(touch.at, touch.timeZone),
              touch.lead,
              touch.step,
              touch.channel,
              touch.recipient,
              touch.state,
              [touch.reason && words(touch.reason), touch.detail].filter(Boolean).join(': '),
            ]),
          );
          if (rows.some(({ state }) => state === 'unconfirmed'))
            out.line(out.colors.dim('Settle one: cadenza touches settle ID --sent or --not-sent'));
          if (rows.length === limit)
            out.line(out.colors.dim(`The newest ${count(rows.length, 'touch', 'touches')}.`));
        });
      }),
    );

  addCommand(touches, 'settle <id>', {
    summary: 'say whether an unconfirmed touch went out',
    description:
      'It is never sent again by itself: with --not-sent it counts as failed and the next attempt may be made, with --sent the sequence goes on.',
    examples: ['touches settle 3f2a --sent', 'touches settle 3f2a --not-sent'],
  })
    .option('--sent', 'it did')
    .option('--not-sent', 'it did not')
    .action(
      action<[string], SettleOptions>(async (out, [text], { sent, notSent }) => {
        if (Boolean(sent) === Boolean(notSent)) {
          throw new CliError('Say what you found: --sent or --not-sent.');
        }
        const [{ settleTouch }, { requireId }, { withSession }] = await Promise.all([
          import('../../db/settle.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        const remotely = async (api: Remote) => {
          const touchId = await remoteId(api, 'touch', text);
          const path = { id: touchId };
          return { touchId, ...(await api.call('touches.settle', { path, body: { sent: sent === true } })) };
        };
        const api = remote();
        const done = api
          ? await remotely(api)
          : await withSession(out, async ({ db, wake }) => {
              const touchId = await requireId(db, 'touch', text);
              const settled = await settleTouch(db, touchId, sent === true);
              await wake({ enrollments: settled.wake });
              return { touchId, leadId: settled.leadId };
            });
        await out.result({ ...done, sent: sent === true }, () =>
          out.line(
            sent ? 'Settled: it was sent.' : 'Settled: it was not sent; the next attempt may be made.',
          ),
        );
      }),
    );
}

async function remoteTouches(api: Remote, query: NonNullable<Needs<'touches.list'>['query']>, most: number) {
  const items = await api.list('touches.list', { query }, { most });
  return items.map((touch) => ({ ...touch, at: new Date(touch.at) }));
}
