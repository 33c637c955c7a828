import type { Command } from 'commander';
import type { PreviewMessage, told } from '../../api/operations/preview.ts';
import type { SentPreview } from '../../api/operations/send-preview.ts';
import type { LeadProfile } from '../../sequences/lead.ts';
import { action, addCommand, several } from '../command.ts';
import { CliError } from '../errors.ts';
import { columnMapping } from '../options.ts';
import type { Output } from '../output/output.ts';
import { count, words } from '../output/text.ts';
import { remote } from '../remote.ts';
import type { Session } from '../session.ts';
import { previewRemotely } from './preview-remotely.ts';

export interface PreviewOptions {
  readonly lead: string;
  readonly leads?: string;
  readonly map?: readonly string[];
  readonly sendTo?: string;
  readonly sender?: string;
}

export function addPreview(program: Command): void {
  addCommand(program, 'preview <file>', {
    summary: 'show each message of a sequence as one lead would get it',
    description:
      'With --leads it reads the lead from that file and needs no server; else the lead and the senders come from the database. A variable that is missing is named: it would hold the lead. --send-to sends the emails to an address of yours, marked as a preview.',
    examples: [
      'preview sequences/library/classic.yaml --lead ada@example.com',
      'preview classic.yaml --lead ada@example.com --leads leads.csv',
      'preview classic.yaml --lead ada@example.com --send-to me@example.com',
    ],
  })
    .requiredOption('--lead <lead>', 'for whom: email address, id or name')
    .option('--leads <csv>', 'the file in which the lead is; without it, the database')
    .option('--map <Column=field>', 'what a column means (repeatable)', several)
    .option('--send-to <address>', 'send the emails there, through their senders')
    .option('--sender <name>', 'which sender sends them (default: the lead’s)')
    .action(
      action<[string], PreviewOptions>(async (out, [file], options) => {
        const { sendTo } = options;
        if (sendTo !== undefined && !/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(sendTo)) {
          throw new CliError(`--send-to ${sendTo}: give one email address.`);
        }
        const { wouldHold } = await import('../../api/operations/preview.ts');
        const inFile = options.leads !== undefined && sendTo === undefined;
        const api = remote();
        const { lead, messages, sent } = await (inFile
          ? fromFile(file, options.leads, options)
          : api
            ? previewRemotely(api, out, file, options)
            : beside(out, file, options));
        const ready = !messages.some(wouldHold);
        await out.result({ lead, messages, sent }, () => {
          sayMessages(out, messages);
          for (const { stepId, sender, sent: went, detail } of sent)
            out.line(
              went
                ? `Sent step ${stepId} from ${sender} to ${sendTo}.`
                : `Step ${stepId} was not sent from ${sender}: ${detail}`,
            );
          if (sendTo !== undefined && sent.length === 0)
            out.line('Nothing was sent: there is no email that can be rendered and has a sender.');
        });
        if (!ready) out.note('Some messages cannot be written for this lead; it would be held there.');
        const failed = sendTo !== undefined && (sent.length === 0 || sent.some((one) => !one.sent));
        return ready && !failed ? 0 : 1;
      }),
    );
}

/** What is shown and told. */
export interface Previewed {
  readonly lead: object;
  readonly messages: readonly Told[];
  readonly sent: readonly SentPreview[];
}
export type Told = ReturnType<typeof told>;

async function fromFile(file: string, csv: string, options: PreviewOptions): Promise<Previewed> {
  const [{ preview, told }, { readSequenceFiles }, { defaultSenders }] = await Promise.all([
    import('../../api/operations/preview.ts'),
    import('../../api/operations/read-sequence-files.ts'),
    import('../../sequences/simulate/index.ts'),
  ]);
  const sequences = [...readSequenceFiles(file).all.values()];
  const lead = await leadOfFile(csv, options);
  const senders = defaultSenders('UTC').map(({ profile }) => profile);
  const unsubscribeUrl = 'https://unsubscribe.example/preview';
  const messages = preview({ sequences, lead, senders, unsubscribeUrl }).map(told);
  return { lead: shown(lead), messages, sent: [] };
}

async function beside(out: Output, file: string, options: PreviewOptions): Promise<Previewed> {
  const [{ preview, told }, { readSequenceFiles }, { withSession }] = await Promise.all([
    import('../../api/operations/preview.ts'),
    import('../../api/operations/read-sequence-files.ts'),
    import('../session.ts'),
  ]);
  const { sendTo } = options;
  const sequences = [...readSequenceFiles(file).all.values()];
  return withSession(out, async (session) => {
    const known = await fromDatabase(session, options);
    const { publicUrl } = session.config;
    const messages = preview({ ...known, sequences, unsubscribeUrl: `${publicUrl}/u/preview` });
    const sent =
      sendTo === undefined
        ? []
        : await out.busy('Sending', send(session, messages, known.lead, options, sendTo));
    return { lead: shown(known.lead), messages: messages.map(told), sent };
  });
}

/** What decides a lead's arms is nobody's to read. */
function shown(profile: LeadProfile): object {
  const { seed: _, ...lead } = profile;
  return lead;
}

async function leadOfFile(csv: string, options: PreviewOptions): Promise<LeadProfile> {
  const { readLeadsFile } = await import('../../api/operations/simulate-file.ts');
  const { leads } = await readLeadsFile(csv, columnMapping(options.map));
  const wanted = options.lead.trim().toLowerCase();
  const found = leads.filter(
    (lead) =>
      [lead.id, lead.externalId, lead.linkedinUrl, ...lead.emails].some(
        (one) => one?.toLowerCase() === wanted,
      ) || [lead.firstName, lead.lastName].filter(Boolean).join(' ').toLowerCase() === wanted,
  );
  if (found.length === 1) return found[0]!;
  throw new CliError(
    found.length === 0
      ? `${csv} has no lead "${options.lead}". Name one by email address, external id or full name.`
      : `${csv} has several leads called "${options.lead}". Name one by email address.`,
    2,
    found.length === 0 ? 'not_found' : 'ambiguous',
  );
}

async function fromDatabase(session: Session, options: PreviewOptions) {
  const [{ findLead }, { loadLead }, { readBonds }, { listSenders }, { suppressedChannels }] =
    await Promise.all([
      import('../../db/history.ts'),
      import('../../db/leads.ts'),
      import('../../db/lead-senders.ts'),
      import('../../db/senders.ts'),
      import('../../db/suppressions.ts'),
    ]);
  const { db, hashIdentity } = session;
  const senders = (await listSenders(db)).map((sender) => ({
    ...sender,
    broken: sender.brokenReason !== null,
  }));
  if (options.leads !== undefined)
    return {
      lead: await leadOfFile(options.leads, options),
      senders,
      sticky: {},
      suppressed: new Set<never>(),
      dead: {},
    };
  const lead = await loadLead(db, (await findLead(db, options.lead)).id);
  const bonds = await readBonds(db, lead.id);
  const { channels, dead } = await suppressedChannels(db, hashIdentity, lead);
  return {
    lead,
    senders,
    sticky: Object.fromEntries(bonds.map(({ channel, senderId }) => [channel, senderId])),
    suppressed: channels,
    dead,
  };
}

async function send(
  { db, secrets }: Session,
  messages: readonly PreviewMessage[],
  lead: LeadProfile,
  options: PreviewOptions,
  to: string,
): Promise<SentPreview[]> {
  const [{ notMailbox, sendPreview }, { createProviders }, { findSender }] = await Promise.all([
    import('../../api/operations/send-preview.ts'),
    import('../../providers/registry.ts'),
    import('../../db/senders.ts'),
  ]);
  const sender = options.sender === undefined ? null : await findSender(db, options.sender);
  if (sender && sender.channel !== 'email') throw new CliError(notMailbox(sender), 2, 'bad_sender');
  const providers = createProviders();
  try {
    const leadName = [lead.firstName, lead.lastName].filter(Boolean).join(' ') || lead.id;
    return await sendPreview({ db, secrets, providers }, messages, {
      to,
      leadName,
      ...(sender && { senderId: sender.id }),
    });
  } finally {
    await providers.close();
  }
}

function sayMessages(out: Output, messages: readonly Told[]): void {
  const { bold, dim, red, yellow } = out.colors;
  for (const message of messages) {
    const what =
      message.action === message.channel ? message.channel : `${message.channel} ${message.action}`;
    out.line(
      bold(
        `── ${message.sequence} / ${message.stepId}: ${what}${message.chosen ? '' : ' (not the channel of this lead)'}`,
      ),
    );
    if (message.noRoute) out.line(yellow(`   would not go out: ${words(message.noRoute)}`));
    if (message.to || message.sender)
      out.line(
        dim(
          `   ${message.sender ? `${message.sender.name} <${message.sender.address}>` : 'nobody'}${message.chosen ? ` → ${message.to ?? 'no address'}` : ''}`,
        ),
      );
    if (message.problem !== null) {
      out.line(
        red(
          message.missing
            ? `   missing: {{ ${message.missing} }} has no value for this lead, and the text has no default`
            : `   ${message.problem}`,
        ),
      );
    } else if (message.rendered) {
      const { subject, title, text, contentSid, variables, attachments, url, data } = message.rendered;
      if (subject !== undefined) out.line(`   Subject: ${subject}`);
      if (title !== undefined) out.line(`   Title: ${title}`);
      if (url !== undefined) out.line(`   POST ${url}`);
      if (data !== undefined) out.line(`   ${JSON.stringify(data)}`);
      if (contentSid !== undefined) out.line(`   Template ${contentSid} ${JSON.stringify(variables ?? {})}`);
      for (const line of text === '' ? [] : text.split('\n')) out.line(`   ${line}`.trimEnd());
      for (const { name } of attachments ?? []) out.line(`   Attached: ${name}`);
    }
    out.line();
  }
  const missing = new Set(messages.flatMap((message) => (message.missing ? [message.missing] : [])));
  out.line(
    `${count(messages.length, 'message')}${missing.size > 0 ? `; missing: ${[...missing].join(', ')}` : ''}.`,
  );
}
