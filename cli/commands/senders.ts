import type { Command } from 'commander';
import type { Answer, Needs } from '../../api/v1/calling.ts';
import type { NewSender, Sender, SenderChanges } from '../../db/senders.ts';
import type { Providers } from '../../providers/registry.ts';
import { CHANNELS } from '../../sequences/lead.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf } from '../options.ts';
import { words } from '../output/text.ts';
import { oneOfThem } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import { readSenderOptions, withSenderOptions, type SenderOptions } from './sender-options.ts';

/** Mail servers that do not answer are waited for one after the other. */
const CHECK_TIMEOUT_MS = 180_000;

export function addSenders(program: Command): void {
  const senders = addGroup(program, 'senders', {
    summary: 'the mailboxes, LinkedIn accounts and numbers by which leads are reached',
    examples: ['senders list', 'senders check rosa@example.com'],
  });

  withSenderOptions(
    addCommand(senders, 'add <channel> <address>', {
      summary: 'add a sender',
      description: `CHANNEL is ${CHANNELS.join(', ')}; ADDRESS the mailbox, LinkedIn profile or number. Credentials are stored encrypted and never shown.`,
      examples: [
        `senders add email rosa@example.com --name "Rosa Lind" --settings '{"host":"smtp.example.com"}' --credential password=-`,
        'senders add linkedin https://www.linkedin.com/in/rosa --name "Rosa Lind" --provider manual',
        'senders add sms +4930231259991 --name "Rosa Lind" --provider twilio --credential authToken=env:TWILIO_TOKEN --credential accountSid=env:TWILIO_SID',
        'senders add email new@example.com --name "New Rep" --cap email=50 --ramp-up 5+5 --settings \'{"host":"smtp.example.com"}\' --credential password=@password.txt',
      ],
    }),
  ).action(
    action<[string, string], SenderOptions>(async (out, [typed, address], options) => {
      const channel = oneOf('channel', CHANNELS)(typed);
      const [{ addCheckedSender }, { lookAgain }, { DEFAULT_PROVIDER }, { withSession }, { machineZone }] =
        await Promise.all([
          import('../../api/operations/keep-sender.ts'),
          import('../../db/look-again.ts'),
          import('../../providers/registry.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
      const added = {
        timeZone: machineZone(),
        ...(await readSenderOptions(options)),
        channel,
        provider: options.provider ?? DEFAULT_PROVIDER[channel],
        name: options.name ?? address,
        address,
      };
      const api = remote();
      const sender = api
        ? itself(await api.call('senders.add', { body: added as Needs<'senders.add'>['body'] }))
        : await withSession(out, async ({ db, secrets, wake }) => {
            const sender = await withProviders((providers) =>
              addCheckedSender({ db, secrets, providers }, added as NewSender),
            );
            await wake({ launches: await lookAgain(db, null) });
            return sender;
          });
      await out.result({ sender }, () => {
        out.line(
          `Added: ${sender.name} <${sender.address}> for ${sender.channel} by ${sender.provider} (${sender.id}).`,
        );
        out.line(out.colors.dim(`See that it works: cadenza senders check ${sender.address}`));
      });
    }),
  );

  withSenderOptions(
    addCommand(senders, 'update <sender>', {
      summary: 'change the given things of a sender',
      examples: [
        'senders update rosa@example.com --cap email=30',
        'senders update rosa@example.com --credential password=-',
      ],
    }),
  ).action(
    action<[string], SenderOptions>(async (out, [text], options) => {
      const [{ changeSender }, { findSender }, { withSession }] = await Promise.all([
        import('../../api/operations/keep-sender.ts'),
        import('../../db/senders.ts'),
        import('../session.ts'),
      ]);
      const given = await readSenderOptions(options);
      if (Object.keys(given).length === 0) throw new CliError('Say what to change; see --help.');
      const over = ({ caps, reputation }: Pick<Sender, 'caps' | 'reputation'>) => ({
        ...given,
        ...(given.caps && { caps: { ...caps, ...given.caps } }),
        ...(given.reputation && { reputation: { ...reputation, ...given.reputation } }),
      });
      const api = remote();
      const sender = api
        ? await remoteSender(api, text).then(async ({ id }) => {
            const { answer: before, version } = await api.tagged('senders.read', { path: { id } });
            const body = over(before) as Needs<'senders.change'>['body'];
            return itself(await api.call('senders.change', { path: { id }, body }, { ifMatch: version }));
          })
        : await withSession(out, async ({ db, secrets }) => {
            const before = await findSender(db, text);
            return withProviders((providers) =>
              changeSender({ db, secrets, providers }, before, over(before) as SenderChanges),
            );
          });
      await out.result({ sender }, () => out.line(`Changed: ${sender.name} <${sender.address}>.`));
    }),
  );

  addCommand(senders, 'list', {
    summary: 'list senders with their caps and what is wrong with them',
    examples: ['senders list', 'senders list --json'],
  }).action(
    action<[], object>(async (out) => {
      const [{ listSenders }, { usedToday }, { mailboxErrors }, { withSession }] = await Promise.all([
        import('../../db/senders.ts'),
        import('../../db/sender-load.ts'),
        import('../../db/mailboxes.ts'),
        import('../session.ts'),
      ]);
      const api = remote();
      const told = api
        ? (await api.call('senders.list')).items
        : await withSession(out, async ({ db }) => {
            const errors = await mailboxErrors(db);
            const senders = await listSenders(db);
            const used = await usedToday(
              db,
              senders.map(({ id }) => id),
            );
            return senders.map((sender) => ({
              ...sender,
              mailboxError: errors.get(sender.id)?.error ?? null,
              usedToday: used.get(sender.id) ?? {},
            }));
          });
      await out.result({ senders: told }, async () => {
        if (told.length === 0) return out.line('No senders yet. "cadenza senders add --help" shows how.');
        await out.table(
          ['CHANNEL', 'NAME', 'ADDRESS', 'PROVIDER', 'OWNER', 'TIME ZONE', 'CAPS', 'STATE'],
          told.map((sender) => [
            sender.channel,
            sender.name,
            sender.address,
            sender.provider,
            sender.owner,
            sender.timeZone,
            capsOf(sender),
            stateOf(sender),
          ]),
        );
        for (const { name, address, mailboxError } of told)
          if (mailboxError)
            out.line(out.colors.red(`The mailbox of ${name} <${address}> cannot be read: ${mailboxError}`));
      });
    }),
  );

  addCommand(senders, 'check <sender>', {
    summary:
      'check that a sender works: its settings, logins, the DNS records of its domain, and this machine’s clock',
    examples: ['senders check rosa@example.com'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const [{ checkSender }, { findSender }, { withSession }] = await Promise.all([
        import('../../api/operations/check-sender.ts'),
        import('../../db/senders.ts'),
        import('../session.ts'),
      ]);
      const api = remote();
      const { sender, lines } = api
        ? await remoteSender(api, text).then(async (sender) => {
            const checking = api.call(
              'senders.check',
              { path: { id: sender.id } },
              { timeoutMs: CHECK_TIMEOUT_MS },
            );
            return { sender, lines: (await out.busy('Checking', checking)).checks };
          })
        : await withSession(out, async ({ db, secrets }) => {
            const sender = await findSender(db, text);
            const lines = await withProviders((providers) =>
              out.busy('Checking', checkSender({ db, secrets, providers }, sender)),
            );
            return { sender, lines };
          });
      const ok = lines.every((line) => line.ok);
      await out.result({ sender: { id: sender.id, address: sender.address }, ok, checks: lines }, () => {
        for (const line of lines)
          out.line(`${line.ok ? out.colors.green('✓') : out.colors.red('✗')} ${line.name}: ${line.detail}`);
        if (ok && sender.brokenReason)
          out.line(
            `It is marked as broken (${words(sender.brokenReason)}): cadenza senders repair ${sender.address}`,
          );
      });
      return ok ? 0 : 1;
    }),
  );

  addCommand(senders, 'repair <sender>', {
    summary: 'say that a broken sender works again; its leads go on',
    examples: ['senders repair rosa@example.com'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const [{ findSender, repairSender }, { lookAgain }, { withSession }] = await Promise.all([
        import('../../db/senders.ts'),
        import('../../db/look-again.ts'),
        import('../session.ts'),
      ]);
      const api = remote();
      const { sender, repaired } = api
        ? await remoteSender(api, text).then(async (sender) => ({
            sender,
            ...(await api.call('senders.repair', { path: { id: sender.id } })),
          }))
        : await withSession(out, async ({ db, wake }) => {
            const sender = await findSender(db, text);
            const repaired = await repairSender(db, sender.id);
            if (repaired) await wake({ launches: await lookAgain(db, null) });
            return { sender, repaired };
          });
      await out.result({ sender: { id: sender.id, address: sender.address }, repaired }, () =>
        out.line(
          repaired
            ? `Repaired: ${sender.name} <${sender.address}>. Leads that waited for it go on within a minute.`
            : `${sender.name} <${sender.address}> was not broken.`,
        ),
      );
    }),
  );
}

type RemoteSender = Answer<'senders.read'>;

async function remoteSender(api: Remote, text: string): Promise<RemoteSender> {
  return oneOfThem((await api.call('senders.list')).items, 'sender', text);
}

/** A sender without how it fares. */
function itself(told: RemoteSender) {
  const { mailboxError: _, usedToday: __, ...sender } = told;
  return sender;
}

async function withProviders<T>(work: (providers: Providers) => Promise<T>): Promise<T> {
  const { createProviders } = await import('../../providers/registry.ts');
  const providers = createProviders();
  try {
    return await work(providers);
  } finally {
    await providers.close();
  }
}

function capsOf({ caps }: Pick<Sender, 'caps'>): string {
  return Object.entries(caps)
    .map(([name, cap]) => `${name} ${cap.day ?? '∞'}${cap.week ? `/${cap.week}` : ''}`)
    .join(', ');
}

function stateOf(sender: Pick<Sender, 'brokenReason' | 'paused'>): string {
  if (sender.brokenReason) return `broken: ${words(sender.brokenReason)}`;
  return sender.paused ? 'paused' : 'works';
}
