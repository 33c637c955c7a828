import type { Command } from 'commander';
import type { Needs } from '../../api/v1/calling.ts';
import { action, addCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf } from '../options.ts';
import type { Output } from '../output/output.ts';
import { remoteTarget } from '../remote-names.ts';
import { remote } from '../remote.ts';
import { count } from '../output/text.ts';

const STOPPED = ['lead', 'launch', 'sender', 'company', 'all'] as const;
const PAUSED = ['lead', 'launch', 'sequence', 'sender', 'company', 'all'] as const;
type Scope = (typeof PAUSED)[number];
/** What a stop ends even where nobody is on the way. */
const NO_MORE: Readonly<Partial<Record<Scope, string>>> = {
  launch: ' Nobody can be added to it any more.',
  all: ' Launches are over: nobody can be added to them any more.',
};
const NAMED = 'A lead is named by email address, id or full name, a company by its domain';
const NAMING = `SCOPE is lead, launch, sequence, sender, company or all. ${NAMED}, a sequence by the name in its file or its title. A sequence is all of its versions and launches, also those that begin later.`;

interface Options {
  readonly reason?: string;
}

export interface Sending {
  readonly touchId: string;
  readonly leadId: string;
  readonly stepId: string;
  readonly channel: string;
}

/** Commands it over HTTP; the answer's `name` is the target's. */
async function remotely<Command extends 'controls.pause' | 'controls.resume' | 'controls.stop'>(
  command: Command,
  scope: Scope,
  name: string | undefined,
  body: object = {},
) {
  const api = remote()!;
  const target = await remoteTarget(api, scope, name);
  const { name: called, ...done } = await api.call(command, {
    body: { ...target, ...body },
  } as Needs<Command>);
  return { target: { scope, scopeId: target.id, name: called }, done };
}

export function addControls(program: Command): void {
  addCommand(program, 'pause <scope> [name]', {
    summary: 'pause a lead, launch, sequence, sender, company or everything, at once',
    description: `${NAMING} In force when the command returns; what was already being sent may still arrive and is named.`,
    examples: [
      'pause all',
      'pause sequence classic --reason "new pricing"',
      'pause launch "classic: leads"',
      'pause lead ada@example.com',
    ],
  })
    .option('--reason <text>', 'why, for people', 'paused by hand')
    .action(
      action<[string, string | undefined], Options>(async (out, [text, name], { reason }) => {
        const scope = oneOf('scope', PAUSED)(text);
        const [{ findTarget, pauseTarget }, { withSession }, { iso }] = await load(scope, name);
        const done = remote()
          ? await remotely('controls.pause', scope, name, { reason }).then(({ target, done }) => ({
              target,
              paused: { ...done, since: Date.parse(done.since) },
            }))
          : await withSession(out, async ({ db }) => {
              const target = await findTarget(db, scope, name);
              return { target, paused: await pauseTarget(db, target, reason ?? '') };
            });
        const { target, paused } = done;
        await out.result({ target, ...paused, since: iso(paused.since) }, () => {
          out.line(
            paused.already
              ? `${target.name} was paused already: ${paused.reason}.`
              : `Paused: ${target.name}. Nothing more is sent until you resume it.`,
          );
          saySending(out, paused.sending);
        });
      }),
    );

  addCommand(program, 'resume <scope> [name]', {
    summary: 'end a pause; everybody goes on from the same step',
    description: `${NAMING} New slots are booked inside windows and caps.`,
    examples: ['resume all', 'resume sender rosa@example.com'],
  }).action(
    action<[string, string | undefined], object>(async (out, [text, name]) => {
      const scope = oneOf('scope', PAUSED)(text);
      const [{ findTarget, resumeTarget }, { withSession }] = await load(scope, name);
      const { target, resumed } = remote()
        ? await remotely('controls.resume', scope, name).then(({ target, done }) => ({
            target,
            resumed: done,
          }))
        : await withSession(out, async ({ db, wake }) => {
            const target = await findTarget(db, scope, name);
            const resumed = await resumeTarget(db, target);
            await wake({ enrollments: resumed.wake, launches: resumed.launches });
            return { target, resumed };
          });
      await out.result({ target, resumed: resumed.resumed, waking: resumed.waking }, () =>
        out.line(
          resumed.resumed
            ? `Resumed: ${target.name}. ${resumed.waking === 0 ? 'Nobody had been held up.' : `${count(resumed.waking, 'lead')} that had been held up will go on.`}`
            : `${target.name} was not paused.`,
        ),
      );
    }),
  );

  addCommand(program, 'stop <scope> [name]', {
    summary: 'end the sequences of a lead, launch, sender, company or of everybody',
    description: `SCOPE is lead, launch, sender, company or all. ${NAMED}. A stopped lead leaves its sequence for good (it may be launched on again; to prevent that, "leads suppress"); a stopped launch takes no more leads. In force when the command returns; what was already being sent may still arrive and is named.`,
    examples: [
      'stop lead ada@example.com',
      'stop company acme.com --reason "became a customer"',
      'stop launch 3f2a',
    ],
  })
    .option('--reason <text>', 'why, for people', 'by a person')
    .action(
      action<[string, string | undefined], Options>(async (out, [text, name], { reason }) => {
        const scope = oneOf('scope', STOPPED)(text);
        const [{ findTarget, stopTarget }, { withSession }] = await load(scope, name);
        const { target, stopped } = remote()
          ? await remotely('controls.stop', scope, name, { reason }).then(({ target, done }) => ({
              target,
              stopped: done,
            }))
          : await withSession(out, async ({ db, wake }) => {
              const target = await findTarget(db, scope, name);
              const progress = await out.progress('Stopping');
              const {
                wake: who,
                more: _,
                ...stopped
              } = await stopTarget(db, target, reason ?? '', (number) =>
                progress.update(number, null, 'leads'),
              ).finally(() => progress.end());
              await wake({ enrollments: who });
              return { target, stopped };
            });
        await out.result({ target, ...stopped }, () => {
          out.line(
            stopped.stopped === 0
              ? `${target.name}: nobody was under way.${NO_MORE[scope] ?? ''}`
              : `Stopped: ${target.name}. ${count(stopped.stopped, 'lead')} left the sequence.`,
          );
          saySending(out, stopped.sending);
        });
      }),
    );
}

/** Checks what was typed before anything heavy is loaded. */
async function load(scope: Scope, name: string | undefined) {
  if (scope !== 'all' && name === undefined) {
    throw new CliError(`Say which ${scope}: cadenza pause|resume|stop ${scope} NAME.`);
  }
  if (scope === 'all' && name !== undefined) {
    throw new CliError(`"all" means everything and takes no name, but "${name}" was given.`);
  }
  return Promise.all([
    import('../../api/operations/control.ts'),
    import('../session.ts'),
    import('../output/when.ts'),
  ]);
}

/** Names what had left for the provider before the command took effect. */
export function saySending(out: Output, sending: readonly Sending[]): void {
  if (sending.length === 0) return;
  out.line(
    `${count(sending.length, 'touch', 'touches')} ${sending.length === 1 ? 'was' : 'were'} already being sent and may still arrive:`,
  );
  for (const touch of sending)
    out.line(`  step ${touch.stepId} by ${touch.channel} to lead ${touch.leadId} (touch ${touch.touchId})`);
}
