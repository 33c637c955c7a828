import type { Command } from 'commander';
import type { TaskRow } from '../../db/tasks.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Needs } from '../../api/v1/calling.ts';
import { oneOfThem, remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';

const KINDS = ['call', 'task', 'linkedin', 'review', 'failed'] as const;
const STATES = ['open', 'done', 'cancelled'] as const;

interface ListOptions {
  readonly kind?: (typeof KINDS)[number];
  readonly state?: (typeof STATES)[number];
  readonly assignee?: string;
  readonly lead?: string;
  readonly launch?: string;
  readonly limit: number;
}

interface DoneOptions {
  readonly outcome: string;
  readonly note?: string;
  readonly subject?: string;
  readonly text?: string;
}

export function addTasks(program: Command): void {
  const tasks = addGroup(program, 'tasks', {
    summary: 'the work that sequences give to people: calls, reviews, manual steps',
    examples: ['tasks list', 'tasks show 3f2a', 'tasks done 3f2a --outcome connected'],
  });

  addCommand(tasks, 'list', {
    summary: 'list tasks in the order in which they are due',
    examples: ['tasks list', 'tasks list --kind call --assignee rosa', 'tasks list --state done --json'],
  })
    .option('--kind <kind>', KINDS.join(', '), oneOf('--kind', KINDS))
    .option('--state <state>', `${STATES.join(', ')} (default: open)`, oneOf('--state', STATES))
    .option('--assignee <owner>', 'whose')
    .option('--lead <lead>', 'about this lead')
    .option('--launch <launch>', 'of this launch')
    .option('--limit <number>', 'at most so many, up to 500', wholeNumber('--limit', 1), 100)
    .action(
      action<[], ListOptions>(async (out, _args, options) => {
        const [{ listTasks }, { findLead }, { findLaunch }, { withSession }, { localTime, machineZone }] =
          await Promise.all([
            import('../../db/tasks.ts'),
            import('../../db/history.ts'),
            import('../../db/lookup.ts'),
            import('../session.ts'),
            import('../output/when.ts'),
          ]);
        const { lead, launch, limit, ...filter } = options;
        const api = remote();
        if (api && launch !== undefined)
          throw new CliError('--launch works on the database only: unset CADENZA_URL.', 2, 'not_remote');
        const rows = api
          ? await remoteTasks(api, {
              ...filter,
              limit,
              ...(lead !== undefined && { leadId: await remoteLead(api, lead) }),
            })
          : await withSession(out, async ({ db }) =>
              listTasks(db, {
                ...filter,
                limit,
                ...(lead !== undefined && { leadId: (await findLead(db, lead)).id }),
                ...(launch !== undefined && { launchId: (await findLaunch(db, launch)).id }),
              }),
            );
        await out.result({ tasks: rows }, async () => {
          if (rows.length === 0) return out.line('No tasks.');
          await out.table(
            ['ID', 'DUE', 'KIND', 'LEAD', 'TITLE', 'WHO', 'STATE'],
            rows.map((task) => [
              task.id.slice(0, 8),
              localTime(task.dueAt, machineZone()),
              task.kind,
              task.leadName,
              task.title,
              task.assignee,
              task.outcome ? `${task.state}: ${words(task.outcome)}` : task.state,
            ]),
          );
        });
      }),
    );

  addCommand(tasks, 'show <id>', {
    summary: 'show a task with its script or text, and its possible outcomes',
    examples: ['tasks show 3f2a'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const [{ getTask, TASK_OUTCOMES }, { requireId }, { withSession }, { localTime, machineZone }] =
        await Promise.all([
          import('../../db/tasks.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
      const task = await withSession(out, async ({ db }) => getTask(db, await requireId(db, 'task', text)));
      await out.result({ ...task, outcomes: TASK_OUTCOMES[task.kind] }, () => {
        out.line(out.colors.bold(task.title));
        out.line(`${task.kind} for ${task.leadName || task.leadId}, step ${task.stepId}, ${stateOf(task)}`);
        out.line(`due ${localTime(task.dueAt, machineZone())}${task.assignee ? `, ${task.assignee}` : ''}`);
        if (task.link) out.line(task.link);
        out.line();
        out.line(task.body);
        if (task.state === 'open') {
          out.line();
          out.line(out.colors.dim(`Outcomes: ${TASK_OUTCOMES[task.kind].join(', ')}`));
        }
      });
    }),
  );

  addCommand(tasks, 'call <id>', {
    summary: 'click-to-call: ring your phone, then connect the lead of an open call task',
    description:
      'Works with a call sender whose provider is twilio and whose attribute rep_number is the phone to ring first. You set the outcome afterwards with "tasks done".',
    examples: ['tasks call 3f2a'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const [{ ring }, { requireId }, { withSession }] = await Promise.all([
        import('../../api/operations/ring.ts'),
        import('../../db/lookup.ts'),
        import('../session.ts'),
      ]);
      const rung = await withSession(out, async ({ db, secrets, config }) =>
        ring({ db, secrets, publicUrl: config.publicUrl }, await requireId(db, 'task', text)),
      );
      await out.result(rung, () => out.line('Your phone rings; the lead is connected when you pick up.'));
    }),
  );

  addCommand(tasks, 'done <id>', {
    summary: 'complete a task with its outcome; the sequence goes on from there',
    examples: [
      'tasks done 3f2a --outcome meeting_booked --note "Thursday at ten"',
      'tasks done 3f2a --outcome approved --subject "A shorter one" --text "Hello Ada, …"',
    ],
  })
    .requiredOption('--outcome <outcome>', 'what came of it; "tasks show" lists what is possible')
    .option('--note <text>', 'for people and the CRM')
    .option('--subject <text>', 'of an approved review: the subject that goes out instead')
    .option('--text <text>', 'of an approved review: the text that goes out instead')
    .action(
      action<[string], DoneOptions>(async (out, [text], { outcome, note, subject, text: edited }) => {
        const [{ completeTask }, { requireId }, { withSession }] = await Promise.all([
          import('../../db/tasks.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        const given = {
          outcome: outcome
            .trim()
            .toLowerCase()
            .replaceAll(/[\s-]+/g, '_'),
          ...(note !== undefined && { note }),
          ...((subject !== undefined || edited !== undefined) && {
            edited: {
              ...(subject !== undefined && { subject }),
              ...(edited !== undefined && { text: edited }),
            },
          }),
        };
        const api = remote();
        const { task, stopped } = api
          ? await api.call('tasks.complete', { path: { id: await remoteTask(api, text) }, body: given })
          : await withSession(out, async ({ db, wake }) => {
              const done = await completeTask(db, await requireId(db, 'task', text), given);
              await wake({ enrollments: done.wake });
              return done;
            });
        await out.result({ task, stopped }, () => {
          out.line(`Done: ${task.title} (${words(task.outcome ?? '')}).`);
          if (stopped > 0) out.line('That ended the sequence.');
        });
      }),
    );
}

function stateOf(task: TaskRow): string {
  return task.outcome ? `${task.state}: ${words(task.outcome)}` : task.state;
}

async function remoteTasks(api: Remote, { limit, ...filter }: NonNullable<Needs<'tasks.list'>['query']>) {
  const sort = filter.state === undefined || filter.state === 'open' ? 'dueAt' : '-doneAt';
  const items = await api.list('tasks.list', { query: { sort, ...filter } }, { most: limit ?? 500 });
  return items.map((task) => ({ ...task, dueAt: new Date(task.dueAt) }));
}

/** By how its id begins. */
const remoteTask = async (api: Remote, text: string): Promise<string> =>
  text.length === 36 ? text : oneOfThem(await remoteTasks(api, {}), 'task', text).id;
