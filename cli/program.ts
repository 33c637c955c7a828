import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addAnalytics } from './commands/analytics.ts';
import { addClassify } from './commands/classify.ts';
import { addControls } from './commands/control.ts';
import { addDemo } from './commands/demo.ts';
import { addEvent } from './commands/event.ts';
import { addImport } from './commands/import.ts';
import { addInbox } from './commands/inbox.ts';
import { addLaunch } from './commands/launch.ts';
import { addLeads } from './commands/leads.ts';
import { addPreview } from './commands/preview.ts';
import { addPublish } from './commands/publish.ts';
import { addSenders } from './commands/senders.ts';
import { addSimulate } from './commands/simulate.ts';
import { addSources } from './commands/sources.ts';
import { addUsers } from './commands/users.ts';
import { addStatus } from './commands/status.ts';
import { addSteering } from './commands/steer.ts';
import { addTasks } from './commands/tasks.ts';
import { addTest } from './commands/test.ts';
import { addTimeline } from './commands/timeline.ts';
import { addTouches } from './commands/touches.ts';
import { addUp } from './commands/up.ts';
import { addValidate } from './commands/validate.ts';
import { addWebhooks } from './commands/webhooks.ts';
import { addWhy } from './commands/why.ts';

/** The whole tree of commands. What a command needs is loaded when it runs, so that help and short commands start fast. */
export function createProgram(): Command {
  const program = new Command('cadenza')
    .description(
      'Multichannel sales sequences that never send twice, never lose a lead and never write after a no.',
    )
    .version(version(), '-V, --version', 'print the version')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  $ cadenza demo
  $ cadenza launch sequences/library/classic.yaml --leads leads.csv --dry-run
  $ cadenza why ada@example.com

Exit codes: 0 done, 1 failed, 2 bad usage or input. "cadenza help COMMAND" says more about one.`,
    );
  const add = (heading: string, ...commands: readonly ((program: Command) => void)[]) => {
    program.commandsGroup(heading);
    for (const each of commands) each(program);
  };
  add('Run it:', addUp, addDemo);
  add('Write sequences:', addValidate, addSimulate, addTest, addPreview);
  add('Launch:', addImport, addLaunch, addPublish);
  add('See:', addStatus, addTimeline, addWhy, addAnalytics);
  add('Steer:', addControls, addSteering, addTasks, addInbox, addTouches, addEvent, addClassify);
  add('Set up:', addSenders, addSources, addWebhooks, addLeads, addUsers);
  return program;
}

function version(): string {
  const own = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(own) as { version: string }).version;
}
