/** Answering leads from the terminal. */
import type { Command } from 'commander';
import type { LeadSummary } from '../../db/history.ts';
import type { Reply } from '../../db/replies.ts';
import { action, addCommand } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf } from '../options.ts';
import { remoteId, remoteLeadSummary } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

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
  const lead = await remoteLeadSummary(api, who);
  const messageId = message === undefined ? undefined : await remoteId(api, 'message', message);
  const { answer, replayed } = await api.tagged(
    'inbox.reply',
    {
      path: { id: lead.id },
      body: { text, anyway, ...(channel && { channel }), ...(messageId && { messageId }) },
    },
    key === undefined ? {} : { idempotencyKey: key },
  );
  return { lead, sent: { ...answer, known: replayed } };
}

export function addReply(inbox: Command): void {
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
        const text = await textOf(options);
        const api = remote();
        const beside = async () => {
          const [{ reply }, { findLead }, { requireId }, { createProviders }, { withSession }] =
            await Promise.all([
              import('../../api/operations/reply.ts'),
              import('../../db/history.ts'),
              import('../../db/lookup.ts'),
              import('../../providers/registry.ts'),
              import('../session.ts'),
            ]);
          const providers = createProviders();
          return withSession(out, async ({ db, hashIdentity, secrets }) => {
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
        };
        const { lead, sent } = await (api ? replyRemotely(api, who, text, options) : beside());
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
          const sent = options.sent === true;
          const api = remote();
          const there = async (api: Remote) => {
            const id = await remoteId(api, 'reply', text);
            return api.call('inbox.settle', { path: { id }, body: { sent } });
          };
          const beside = async () => {
            const [{ settleReply }, { requireId }, { withSession }] = await Promise.all([
              import('../../db/replies.ts'),
              import('../../db/lookup.ts'),
              import('../session.ts'),
            ]);
            return withSession(out, async ({ db }) =>
              settleReply(db, await requireId(db, 'reply', text), sent),
            );
          };
          const settled = await (api ? there(api) : beside());
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
