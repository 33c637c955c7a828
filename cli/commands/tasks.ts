import type { Command } from 'commander';
import type { TaskRow } from '../../db/tasks.ts';
import { action, addCommand, addGroup } from '../command.ts';
import type { Answer } from '../../api/v1/calling.ts';
import { remoteId, remoteLead, remoteLaunch } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import { oneOf, wholeNumber } from '../options.ts';
import type { Output } from '../output/output.ts';
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
    .option('--limit <number>', 'at most so many', wholeNumber('--limit', 1), 100)
    .action(
      action<[], ListOptions>(async (out, _args, options) => {
        const { localTime, machineZone } = await import('../output/when.ts');
        const api = remote();
        const rows = await (api ? listRemotely(api, options, out.json) : listBeside(out, options));
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
      const { localTime, machineZone } = await import('../output/when.ts');
      const api = remote();
      const there = async (api: Remote) => {
        const id = await remoteId(api, 'task', text);
        const { task } = await api.call('tasks.read', { path: { id } });
        return { ...rowOf(task), outcomes: task.outcomes };
      };
      const beside = async () => {
        const [{ getTask, TASK_OUTCOMES }, { requireId }, { withSession }] = await Promise.all([
          import('../../db/tasks.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        const task = await withSession(out, async ({ db }) => getTask(db, await requireId(db, 'task', text)));
        return { ...task, outcomes: TASK_OUTCOMES[task.kind] };
      };
      const task = await (api ? there(api) : beside());
      await out.result(task, () => {
        out.line(out.colors.bold(task.title));
        out.line(`${task.kind} for ${task.leadName || task.leadId}, step ${task.stepId}, ${stateOf(task)}`);
        out.line(`due ${localTime(task.dueAt, machineZone())}${task.assignee ? `, ${task.assignee}` : ''}`);
        if (task.link) out.line(task.link);
        out.line();
        out.line(task.body);
        if (task.state === 'open') {
          out.line();
          out.line(out.colors.dim(`Outcomes: ${task.outcomes.join(', ')}`));
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
      const api = remote();
      const there = async (api: Remote) =>
        api.call('tasks.ring', { path: { id: await remoteId(api, 'task', text) } });
      const beside = async () => {
        const [{ ring }, { requireId }, { withSession }] = await Promise.all([
          import('../../api/operations/ring.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        return withSession(out, async ({ db, secrets, config }) =>
          ring({ db, secrets, publicUrl: config.publicUrl }, await requireId(db, 'task', text)),
        );
      };
      const rung = await (api ? there(api) : beside());
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
        const there = async (api: Remote) => {
          const id = await remoteId(api, 'task', text);
          const done = await api.call('tasks.complete', { path: { id }, body: given });
          return { ...done, task: rowOf(done.task) };
        };
        const beside = async () => {
          const [{ completeTask }, { requireId }, { withSession }] = await Promise.all([
            import('../../db/tasks.ts'),
            import('../../db/lookup.ts'),
            import('../session.ts'),
          ]);
          return withSession(out, async ({ db, wake }) => {
            const done = await completeTask(db, await requireId(db, 'task', text), given);
            await wake({ enrollments: done.wake });
            return done;
          });
        };
        const { task, stopped } = await (api ? there(api) : beside());
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

/** A page of the database. */
const PAGE = 500;

async function listBeside(out: Output, { lead, launch, limit, ...given }: ListOptions): Promise<TaskRow[]> {
  const [{ listTasks }, { findLead }, { findLaunch }, { withSession }] = await Promise.all([
    import('../../db/tasks.ts'),
    import('../../db/history.ts'),
    import('../../db/lookup.ts'),
    import('../session.ts'),
  ]);
  return withSession(out, async ({ db }) => {
    const filter = {
      ...given,
      ...(lead !== undefined && { leadId: (await findLead(db, lead)).id }),
      ...(launch !== undefined && { launchId: (await findLaunch(db, launch)).id }),
    };
    const rows: TaskRow[] = [];
    for (;;) {
      const after = rows.at(-1);
      const page = await listTasks(db, {
        ...filter,
        limit: Math.min(PAGE, limit - rows.length),
        ...(after && { after }),
      });
      rows.push(...page);
      if (page.length < PAGE || rows.length >= limit) return rows;
    }
  });
}

/** @param bodies also what to say or do, which is not shown in a table */
async function listRemotely(
  api: Remote,
  { kind, state, assignee, lead, launch, limit }: ListOptions,
  bodies: boolean,
): Promise<TaskRow[]> {
  const query = {
    kind,
    state,
    assignee,
    sort: 'dueAt',
    bodies: String(bodies),
    ...(lead !== undefined && { leadId: await remoteLead(api, lead) }),
    ...(launch !== undefined && { launchId: (await remoteLaunch(api, launch)).id }),
  } as const;
  return (await api.list('tasks.list', { query }, { most: limit })).map(rowOf);
}

/** A task of the API, as the database has it. */
function rowOf(task: Answer<'tasks.complete'>['task']): TaskRow {
  const { id, kind, state, title, link, assignee, outcome, note, channel, visit } = task;
  const { touchId, enrollmentId, launchId, leadId } = task;
  const same = { id, kind, state, title, link, assignee, outcome, note, channel, visit };
  return {
    ...same,
    touchId,
    enrollmentId,
    launchId,
    leadId,
    body: task.body ?? '',
    leadName: task.leadName ?? '',
    stepId: task.step,
    dueAt: new Date(task.dueAt),
    giveUpAt: task.giveUpAt === null ? null : new Date(task.giveUpAt),
    doneAt: task.doneAt === null ? null : new Date(task.doneAt),
  };
}
