import type { Command } from 'commander';
import type { MessageClass } from '../../db/messages.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';

const CLASSES = [
  'interested',
  'not_now',
  'not_interested',
  'wrong_person',
  'out_of_office',
  'bounce',
  'unsubscribe',
  'other',
] as const satisfies readonly MessageClass[];

interface ListOptions {
  readonly all?: boolean;
  readonly limit: number;
}

export function addInbox(program: Command): void {
  const inbox = addGroup(program, 'inbox', {
    summary: 'what leads wrote, on every channel',
    examples: ['inbox list', 'inbox show ada@example.com', 'inbox class 3f2a interested'],
  });

  addCommand(inbox, 'list', {
    summary: 'list what waits for an answer, the newest first',
    examples: ['inbox list', 'inbox list --all --json'],
  })
    .option('--all', 'also what needs no answer any more')
    .option('--limit <number>', 'at most so many', wholeNumber('--limit', 1), 100)
    .action(
      action<[], ListOptions>(async (out, _args, { all, limit }) => {
        const [{ listInbox }, { withSession }, { localTime }] = await Promise.all([
          import('../../db/conversations.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
        const messages = await withSession(out, ({ db }) => listInbox(db, { all: all ?? false, limit }));
        await out.result({ messages }, async () => {
          if (messages.length === 0)
            return out.line(all ? 'Nobody has written yet.' : 'Nothing waits for an answer.');
          await out.table(
            ['ID', 'WHEN', 'CHANNEL', 'FROM', 'ANSWERS', 'CLASS', 'TEXT'],
            messages.map((one) => [
              one.id.slice(0, 8),
              localTime(one.at.getTime(), 'UTC'),
              one.channel,
              one.name ?? `${one.address ?? 'somebody'} (unknown)`,
              one.sequence === null ? '' : `${one.sequence}: ${one.step}`,
              words(one.class),
              firstLine(one.body),
            ]),
          );
        });
      }),
    );

  addCommand(inbox, 'show <lead>', {
    summary: 'show the conversation with a lead, over all channels',
    examples: ['inbox show ada@example.com', 'inbox show "Ada Lovelace" --json'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const [{ conversation }, { findLead, timeline }, { withSession }, { localTime }] = await Promise.all([
        import('../../db/conversations.ts'),
        import('../../db/history.ts'),
        import('../session.ts'),
        import('../output/when.ts'),
      ]);
      const { lead, zone, said } = await withSession(out, async ({ db }) => {
        const lead = await findLead(db, text);
        const { timeZone: zone } = await timeline(db, lead.id, 1);
        return { lead, zone, said: await conversation(db, lead.id) };
      });
      await out.result({ lead, timeZone: zone, conversation: said }, () => {
        if (said.length === 0) return out.line(`Nothing was said to ${lead.name || text} yet.`);
        for (const one of said) {
          const who = one.from === 'us' ? (one.sender ?? 'us') : lead.name || lead.email || 'the lead';
          const what = one.from === 'us' ? one.step : `${words(one.class!)}, ${one.id.slice(0, 8)}`;
          out.line(`${localTime(one.at.getTime(), zone)}  ${one.channel}  ${who}  (${what})`);
          for (const line of [one.subject, ...one.body.split('\n')]) if (line) out.line(`  ${line}`);
          out.line('');
        }
        return undefined;
      });
    }),
  );

  addCommand(inbox, 'class <message> <class>', {
    summary: 'say what a message is; it waits for nobody any more',
    description: `CLASS is ${CLASSES.join(', ')}. "unsubscribe" has its effect: the lead is not contacted again, on any channel.`,
    examples: ['inbox class 3f2a interested', 'inbox class 3f2a unsubscribe'],
  }).action(
    action<[string, string], object>(async (out, [text, typed]) => {
      const as = oneOf('inbox class', CLASSES)(typed.replaceAll('-', '_'));
      const [{ classMessage }, { requireId }, { withSession }] = await Promise.all([
        import('../../db/conversations.ts'),
        import('../../db/lookup.ts'),
        import('../session.ts'),
      ]);
      const result = await withSession(out, async ({ db, hashIdentity, wake }) => {
        const id = await requireId(db, 'message', text);
        const { leadId, wake: enrollments } = await classMessage(db, hashIdentity, id, as);
        await wake({ enrollments });
        return { id, leadId, class: as };
      });
      await out.result(result, () => out.line(`Classed as ${words(as)}.`));
    }),
  );

  addCommand(inbox, 'match <message> <lead>', {
    summary: 'say whose message it is, when nobody was found; it then counts as that lead’s answer',
    examples: ['inbox match 3f2a ada@example.com'],
  }).action(
    action<[string, string], object>(async (out, [message, text]) => {
      const [{ matchMessage }, { findLead }, { requireId }, { withSession }] = await Promise.all([
        import('../../db/conversations.ts'),
        import('../../db/history.ts'),
        import('../../db/lookup.ts'),
        import('../session.ts'),
      ]);
      const result = await withSession(out, async ({ db, hashIdentity, wake }) => {
        const id = await requireId(db, 'message', message);
        const lead = await findLead(db, text);
        const { wake: enrollments } = await matchMessage(db, hashIdentity, id, lead.id);
        await wake({ enrollments });
        return { id, lead };
      });
      await out.result(result, () => out.line(`It is ${result.lead.name || result.lead.email}’s.`));
    }),
  );
}

function firstLine(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
