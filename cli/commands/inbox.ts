import type { Command } from 'commander';
import type { MessageClass } from '../../db/messages.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';
import { remoteId, remoteLeadSummary } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import { addReply } from './inbox-reply.ts';

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
    examples: [
      'inbox list',
      'inbox show ada@example.com',
      'inbox reply ada@example.com --text "Tuesday at ten?"',
    ],
  });

  addCommand(inbox, 'list', {
    summary: 'list what waits for an answer, the newest first',
    examples: ['inbox list', 'inbox list --all --json'],
  })
    .option('--all', 'also what needs no answer any more')
    .option('--limit <number>', 'at most so many', wholeNumber('--limit', 1), 100)
    .action(
      action<[], ListOptions>(async (out, _args, { all, limit }) => {
        const { localTime } = await import('../output/when.ts');
        const api = remote();
        const beside = async () => {
          const [{ listInbox }, { withSession }] = await Promise.all([
            import('../../db/conversations.ts'),
            import('../session.ts'),
          ]);
          return withSession(out, ({ db }) => listInbox(db, { all: all ?? false, limit }));
        };
        const state = all ? 'all' : 'open';
        const messages = api
          ? (await api.list('inbox.messages', { query: { state } }, { most: limit })).map(timed)
          : await beside();
        await out.result({ messages }, async () => {
          if (messages.length === 0)
            return out.line(all ? 'Nobody has written yet.' : 'Nothing waits for an answer.');
          await out.table(
            ['ID', 'WHEN', 'CHANNEL', 'FROM', 'ANSWERS', 'CLASS', 'TEXT'],
            messages.map((one) => [
              one.id.slice(0, 8),
              localTime(one.at.getTime(), 'UTC'),
              one.channel,
              one.name ??
                `${one.address ?? 'somebody'} (${one.maybe ? `for ${one.maybe.name}?` : 'unknown'})`,
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
      const { localTime } = await import('../output/when.ts');
      const api = remote();
      const beside = async () => {
        const [{ conversation }, { findLead, timeline }, { withSession }] = await Promise.all([
          import('../../db/conversations.ts'),
          import('../../db/history.ts'),
          import('../session.ts'),
        ]);
        return withSession(out, async ({ db }) => {
          const lead = await findLead(db, text);
          const { timeZone: zone } = await timeline(db, lead.id, 1);
          return { lead, zone, said: await conversation(db, lead.id) };
        });
      };
      const { lead, zone, said } = api ? await remoteConversation(api, text) : await beside();
      await out.result({ lead, timeZone: zone, conversation: said }, () => {
        if (said.length === 0) return out.line(`Nothing was said to ${lead.name || text} yet.`);
        for (const one of said) {
          const who = one.from === 'us' ? (one.sender ?? 'us') : lead.name || lead.email || 'the lead';
          const own =
            one.step ?? (one.state === 'sent' ? 'reply' : `reply ${one.id.slice(0, 8)}, ${one.state}`);
          const what = one.from === 'us' ? own : `${words(one.class!)}, ${one.id.slice(0, 8)}`;
          out.line(`${localTime(one.at.getTime(), zone)}  ${one.channel}  ${who}  (${what})`);
          for (const line of [one.subject, ...one.body.split('\n')]) if (line) out.line(`  ${line}`);
          out.line('');
        }
        return undefined;
      });
    }),
  );

  addReply(inbox);
  addRaw(inbox);

  addCommand(inbox, 'class <message> <class>', {
    summary: 'say what a message is; it waits for nobody any more',
    description: `CLASS is ${CLASSES.join(', ')}. "unsubscribe" has its effect: the lead is not contacted again, on any channel.`,
    examples: ['inbox class 3f2a interested', 'inbox class 3f2a unsubscribe'],
  }).action(
    action<[string, string], object>(async (out, [text, typed]) => {
      const as = oneOf('inbox class', CLASSES)(typed.replaceAll('-', '_'));
      const api = remote();
      const there = async (api: Remote) => {
        const id = await remoteId(api, 'message', text);
        return { id, ...(await api.call('inbox.class', { path: { id }, body: { class: as } })) };
      };
      const beside = async () => {
        const [{ classMessage }, { requireId }, { withSession }] = await Promise.all([
          import('../../db/conversations.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        return withSession(out, async ({ db, hashIdentity, wake }) => {
          const id = await requireId(db, 'message', text);
          const { leadId, wake: enrollments } = await classMessage(db, hashIdentity, id, as);
          await wake({ enrollments });
          return { id, leadId };
        });
      };
      const classed = await (api ? there(api) : beside());
      await out.result({ ...classed, class: as }, () => out.line(`Classed as ${words(as)}.`));
    }),
  );

  addCommand(inbox, 'match <message> [lead]', {
    summary: 'say whose message it is, when nobody was found; it then counts as that lead’s answer',
    description: 'Without LEAD it is whose "inbox list" guesses it to be.',
    examples: ['inbox match 3f2a ada@example.com', 'inbox match 3f2a'],
  }).action(
    action<[string, string | undefined], object>(async (out, [message, text]) => {
      const api = remote();
      const there = async (api: Remote) => {
        const id = await remoteId(api, 'message', message);
        const said = text === undefined ? null : await remoteLeadSummary(api, text);
        const body = { leadId: said?.id ?? null };
        const { leadId } = await api.call('inbox.match', { path: { id }, body });
        return { id, lead: said ?? (await remoteLeadSummary(api, leadId!)) };
      };
      const beside = async () => {
        const [{ matchMessage }, { findLead }, { requireId }, { withSession }] = await Promise.all([
          import('../../db/conversations.ts'),
          import('../../db/history.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        return withSession(out, async ({ db, hashIdentity, wake }) => {
          const id = await requireId(db, 'message', message);
          const said = text === undefined ? null : await findLead(db, text);
          const { leadId, wake: enrollments } = await matchMessage(db, hashIdentity, id, said?.id ?? null);
          await wake({ enrollments });
          return { id, lead: said ?? (await findLead(db, leadId!)) };
        });
      };
      const result = await (api ? there(api) : beside());
      await out.result(result, () => out.line(`It is ${result.lead.name || result.lead.email}’s.`));
    }),
  );
}

function addRaw(inbox: Command): void {
  addCommand(inbox, 'raw <message>', {
    summary: 'give out the mail as it came, for as long as it is kept (CADENZA_RAW_MAIL_DAYS)',
    examples: ['inbox raw 3f2a --out answer.eml', 'inbox raw 3f2a | less'],
  })
    .option('--out <file>', 'write it to a file that does not exist yet')
    .action(
      action<[string], { readonly out?: string }>(async (out, [text], { out: file }) => {
        const api = remote();
        const there = async (api: Remote) => {
          const { buffer } = await import('node:stream/consumers');
          const id = await remoteId(api, 'message', text);
          return { id, raw: await buffer(await api.download('inbox.raw', { path: { id } })) };
        };
        const beside = async () => {
          const [{ keptMessage }, { requireId }, { withSession }] = await Promise.all([
            import('../../db/conversations.ts'),
            import('../../db/lookup.ts'),
            import('../session.ts'),
          ]);
          return withSession(out, async ({ db }) => {
            const id = await requireId(db, 'message', text);
            return { id, raw: await keptMessage(db, id) };
          });
        };
        const { id, raw } = await (api ? there(api) : beside());
        if (file !== undefined) {
          const { writeFile } = await import('node:fs/promises');
          await writeFile(file, raw, { flag: 'wx', mode: 0o600 });
        }
        const where = file === undefined ? { raw: raw.toString('base64') } : { file };
        await out.result({ id, bytes: raw.length, ...where }, () => {
          // A terminal obeys what stands in a mail; a file or a pipe gets every byte.
          if (file === undefined && process.stdout.isTTY) out.line(raw.toString());
          else if (file === undefined) process.stdout.write(raw);
          else out.line(`Written: ${file} (${raw.length} bytes).`);
        });
      }),
    );
}

function firstLine(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** Times are text on the wire. */
const timed = <Row extends { readonly at: string }>(row: Row) => ({ ...row, at: new Date(row.at) });

async function remoteConversation(api: Remote, text: string) {
  const lead = await remoteLeadSummary(api, text);
  const { lead: known, items } = await api.call('inbox.conversation', { path: { id: lead.id } });
  return { lead, zone: known.timeZone, said: items.map(timed) };
}
