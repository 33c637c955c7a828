import type { Command } from 'commander';
import type { LeadSummary } from '../../db/history.ts';
import type { MessageClass } from '../../db/messages.ts';
import type { Reply } from '../../db/replies.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';
import { remoteLeadSummary } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

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

/** Times are text on the wire. */
const timed = <Row extends { readonly at: string }>(row: Row) => ({ ...row, at: new Date(row.at) });

async function remoteConversation(api: Remote, text: string) {
  const lead = await remoteLeadSummary(api, text);
  const { lead: known, items } = await api.call('inbox.conversation', { path: { id: lead.id } });
  return { lead, zone: known.timeZone, said: items.map(timed) };
}

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
        const [{ listInbox }, { withSession }, { localTime }] = await Promise.all([
          import('../../db/conversations.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
        const api = remote();
        const messages = api
          ? (await api.list('inbox.list', { query: { state: all ? 'all' : 'open' } }, { most: limit })).map(
              timed,
            )
          : await withSession(out, ({ db }) => listInbox(db, { all: all ?? false, limit }));
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
      const [{ conversation }, { findLead, timeline }, { withSession }, { localTime }] = await Promise.all([
        import('../../db/conversations.ts'),
        import('../../db/history.ts'),
        import('../session.ts'),
        import('../output/when.ts'),
      ]);
      const api = remote();
      const { lead, zone, said } = api
        ? await remoteConversation(api, text)
        : await withSession(out, async ({ db }) => {
            const lead = await findLead(db, text);
            const { timeZone: zone } = await timeline(db, lead.id, 1);
            return { lead, zone, said: await conversation(db, lead.id) };
          });
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

  addCommand(inbox, 'match <message> [lead]', {
    summary: 'say whose message it is, when nobody was found; it then counts as that lead’s answer',
    description: 'Without LEAD it is whose "inbox list" guesses it to be.',
    examples: ['inbox match 3f2a ada@example.com', 'inbox match 3f2a'],
  }).action(
    action<[string, string | undefined], object>(async (out, [message, text]) => {
      const [{ matchMessage }, { findLead }, { requireId }, { withSession }] = await Promise.all([
        import('../../db/conversations.ts'),
        import('../../db/history.ts'),
        import('../../db/lookup.ts'),
        import('../session.ts'),
      ]);
      const result = await withSession(out, async ({ db, hashIdentity, wake }) => {
        const id = await requireId(db, 'message', message);
        const said = text === undefined ? null : await findLead(db, text);
        const { leadId, wake: enrollments } = await matchMessage(db, hashIdentity, id, said?.id ?? null);
        await wake({ enrollments });
        return { id, lead: said ?? (await findLead(db, leadId!)) };
      });
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
        const [{ rawMessage }, { requireId }, { withSession }] = await Promise.all([
          import('../../db/conversations.ts'),
          import('../../db/lookup.ts'),
          import('../session.ts'),
        ]);
        const { id, raw } = await withSession(out, async ({ db }) => {
          const id = await requireId(db, 'message', text);
          return { id, raw: await rawMessage(db, id) };
        });
        if (!raw)
          throw new CliError(
            'Its raw message is not kept (any more); CADENZA_RAW_MAIL_DAYS says for how long those that come are.',
          );
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

interface ReplyOptions {
  readonly text?: string;
  readonly file?: string;
  readonly message?: string;
  readonly channel?: (typeof REPLY_CHANNELS)[number];
  readonly key?: string;
  readonly anyway?: boolean;
}

const REPLY_CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp'] as const;

async function replyRemotely(
  api: Remote,
  who: string,
  text: string,
  { message, channel, key, anyway = false }: ReplyOptions,
): Promise<{ lead: LeadSummary; sent: Reply & { readonly known: boolean } }> {
  const { lead, said } = await remoteConversation(api, who);
  const answered = said.filter(({ from, id }) => from === 'lead' && message && id.startsWith(message));
  if (message !== undefined && answered.length !== 1)
    throw new CliError(`There is no one message “${message}” of ${lead.name}.`, 2, 'not_found');
  const sent = await api.call(
    'inbox.reply',
    {
      path: { id: lead.id },
      body: { text, anyway, ...(channel && { channel }), ...(answered[0] && { messageId: answered[0].id }) },
    },
    key === undefined ? {} : { idempotencyKey: key },
  );
  return { lead, sent: { ...sent, known: false } };
}

function addReply(inbox: Command): void {
  addCommand(inbox, 'reply <lead>', {
    summary: 'answer a lead, by the channel and sender that they wrote to, in the same thread',
    description:
      'The text is that of --text or --file, else what comes in by standard input. It leaves at once: no window and no cap holds it. Exit code 1: it did not go out, or nobody knows.',
    examples: [
      'inbox reply ada@example.com --text "Tuesday at ten?"',
      'inbox reply ada@example.com --channel sms --file answer.txt',
      'inbox reply ada@example.com --message 3f2a --text "Thank you!" --key crm-77',
    ],
  })
    .option('--text <text>', 'what to say')
    .option('--file <file>', 'a file with what to say')
    .option('--message <message>', 'which message is answered (default: the newest)')
    .option(
      '--channel <channel>',
      `${REPLY_CHANNELS.join(', ')} (default: that of the newest message)`,
      oneOf('--channel', REPLY_CHANNELS),
    )
    .option('--key <text>', 'the second time with the same key sends nothing')
    .option('--anyway', 'also to somebody who must not be contacted any more')
    .action(
      action<[string], ReplyOptions>(async (out, [who], options) => {
        const [{ reply }, { findLead }, { requireId }, { createProviders }, { withSession }] =
          await Promise.all([
            import('../../api/operations/reply.ts'),
            import('../../db/history.ts'),
            import('../../db/lookup.ts'),
            import('../../providers/registry.ts'),
            import('../session.ts'),
          ]);
        const text = await textOf(options);
        const api = remote();
        const providers = createProviders();
        const { lead, sent } = api
          ? await replyRemotely(api, who, text, options)
          : await withSession(out, async ({ db, hashIdentity, secrets }) => {
              try {
                const lead = await findLead(db, who);
                const { message, channel, key, anyway } = options;
                const sent = await reply(
                  { db, hashIdentity, secrets, providers },
                  {
                    leadId: lead.id,
                    text,
                    ...(message !== undefined && { messageId: await requireId(db, 'message', message) }),
                    ...(channel && { channel }),
                    ...(key !== undefined && { key }),
                    anyway: anyway ?? false,
                  },
                );
                return { lead, sent };
              } finally {
                await providers.close();
              }
            });
        await out.result({ lead, reply: sent }, () => {
          if (sent.known) out.line('That was asked before, with the same key.');
          out.line(SAID[sent.state]);
          if (sent.detail) out.line(`  ${sent.detail}`);
          if (sent.state === 'unconfirmed')
            out.line(
              `  Look whether it arrived, then: cadenza inbox settle ${sent.id.slice(0, 8)} --sent | --not-sent`,
            );
        });
        return sent.state === 'sent' ? 0 : 1;
      }),
    );

  addCommand(inbox, 'settle <reply>', {
    summary: 'say whether a reply went out of which nobody knows',
    examples: ['inbox settle 3f2a --sent', 'inbox settle 3f2a --not-sent'],
  })
    .option('--sent', 'it did')
    .option('--not-sent', 'it did not')
    .action(
      action<[string], { readonly sent?: boolean; readonly notSent?: boolean }>(
        async (out, [text], options) => {
          if ((options.sent ?? false) === (options.notSent ?? false))
            throw new CliError('Say either --sent or --not-sent.');
          const [{ settleReply }, { requireId }, { withSession }] = await Promise.all([
            import('../../db/replies.ts'),
            import('../../db/lookup.ts'),
            import('../session.ts'),
          ]);
          const settled = await withSession(out, async ({ db }) =>
            settleReply(db, await requireId(db, 'reply', text), options.sent === true),
          );
          await out.result({ reply: settled }, () => out.line(SAID[settled.state]));
        },
      ),
    );
}

const SAID = {
  sent: 'Sent.',
  failed: 'It did not go out.',
  unconfirmed: 'Whether it went out is not known.',
  sending: 'It is being sent.',
} as const;

async function textOf({ text, file }: ReplyOptions): Promise<string> {
  if (text !== undefined && file !== undefined) throw new CliError('Say either --text or --file.');
  if (text !== undefined) return text;
  if (file === undefined && process.stdin.isTTY)
    throw new CliError('Say what to answer, with --text or --file, or by standard input.');
  const { readFile } = await import('node:fs/promises');
  const { text: read } = await import('node:stream/consumers');
  return file === undefined ? read(process.stdin) : readFile(file, 'utf8');
}

function firstLine(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
