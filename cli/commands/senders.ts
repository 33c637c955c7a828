import type { Command } from 'commander';
import type { NewSender, Sender, SenderChanges } from '../../db/senders.ts';
import { ACTIONS, CHANNELS } from '../../sequences/lead.ts';
import { action, addCommand, addGroup, several } from '../command.ts';
import { CliError, explain } from '../errors.ts';
import { jsonObject, oneOf, wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';
import { remote } from '../remote.ts';

interface Options {
  readonly provider?: string;
  readonly name?: string;
  readonly owner?: string;
  readonly timeZone?: string;
  readonly settings?: Record<string, unknown>;
  readonly credential?: readonly string[];
  readonly attribute?: readonly string[];
  readonly cap?: readonly string[];
  readonly rampUp?: string;
  readonly gap?: number;
  readonly jitter?: number;
  readonly pauseAt?: readonly string[];
}

export function addSenders(program: Command): void {
  const senders = addGroup(program, 'senders', {
    summary: 'the mailboxes, LinkedIn accounts and numbers by which leads are reached',
    examples: ['senders list', 'senders check rosa@example.com'],
  });

  describe(
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
    action<[string, string], Options>(async (out, [typed, address], options) => {
      const channel = oneOf('channel', CHANNELS)(typed);
      const [
        { addSender, findSender, loadAccount },
        { createProviders, DEFAULT_PROVIDER },
        { withSession },
        { machineZone },
      ] = await Promise.all([
        import('../../db/senders.ts'),
        import('../../providers/registry.ts'),
        import('../session.ts'),
        import('../output/when.ts'),
      ]);
      const provider = options.provider ?? DEFAULT_PROVIDER[channel];
      const changes = await fromOptions(options);
      const providers = createProviders();
      const chosen = providers.get(channel, provider);
      await providers.close();
      const sender = await withSession(out, async ({ db, secrets, wake }) => {
        const { rampUp, ...rest } = changes;
        const added = {
          timeZone: machineZone(),
          ...rest,
          ...(rampUp !== undefined && { rampUp }),
          channel,
          provider,
          name: options.name ?? address,
          address,
        } as NewSender;
        const id = await db.tx(async (tx) => {
          const id = await addSender(tx, added, secrets);
          chosen.assertSettings?.(await loadAccount(tx, id, secrets));
          return id;
        });
        const { lookAgain } = await import('../../db/look-again.ts');
        await wake({ launches: await lookAgain(db, null) });
        return findSender(db, id);
      });
      await out.result({ sender }, () => {
        out.line(
          `Added: ${sender.name} <${sender.address}> for ${sender.channel} by ${sender.provider} (${sender.id}).`,
        );
        out.line(out.colors.dim(`See that it works: cadenza senders check ${sender.address}`));
      });
    }),
  );

  describe(
    addCommand(senders, 'update <sender>', {
      summary: 'change the given things of a sender',
      examples: [
        'senders update rosa@example.com --cap email=30',
        'senders update rosa@example.com --credential password=-',
      ],
    }),
  ).action(
    action<[string], Options>(async (out, [text], options) => {
      const [{ findSender, loadAccount, updateSender }, { createProviders }, { withSession }] =
        await Promise.all([
          import('../../db/senders.ts'),
          import('../../providers/registry.ts'),
          import('../session.ts'),
        ]);
      const changes = await fromOptions(options);
      if (Object.keys(changes).length === 0) throw new CliError('Say what to change; see --help.');
      const sender = await withSession(out, async ({ db, secrets }) => {
        const before = await findSender(db, text);
        const providers = createProviders();
        const chosen = providers.get(before.channel, changes.provider ?? before.provider);
        await providers.close();
        const touched = changes.provider ?? changes.settings ?? changes.credentials;
        await updateSender(
          db,
          before.id,
          {
            ...changes,
            ...(changes.caps && { caps: { ...before.caps, ...changes.caps } }),
            ...(changes.reputation && { reputation: { ...before.reputation, ...changes.reputation } }),
          } as SenderChanges,
          secrets,
          async (tx) => {
            if (touched === undefined) return;
            const account = await loadAccount(tx, before.id, secrets).catch((error: unknown) => {
              // The key of the old credentials is gone: what cannot be read cannot be checked, nor stand in the way.
              if (!changes.credentials && explain(error).code.match(/^(unknown_key|broken_secret)$/))
                return null;
              throw error;
            });
            if (account) chosen.assertSettings?.(account);
          },
        );
        return findSender(db, before.id);
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
      const [{ checkSender }, { findSender }, { createProviders }, { withSession }] = await Promise.all([
        import('../../api/operations/check-sender.ts'),
        import('../../db/senders.ts'),
        import('../../providers/registry.ts'),
        import('../session.ts'),
      ]);
      const { sender, lines } = await withSession(out, async ({ db, secrets }) => {
        const sender = await findSender(db, text);
        const providers = createProviders();
        try {
          return {
            sender,
            lines: await out.busy('Checking', checkSender({ db, secrets, providers }, sender)),
          };
        } finally {
          await providers.close();
        }
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
      const { sender, repaired } = await withSession(out, async ({ db, wake }) => {
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

function describe(command: Command): Command {
  return command
    .option('--name <name>', 'who it is, as recipients see it')
    .option('--provider <provider>', 'smtp, unipile, twilio or manual (default: the channel’s usual one)')
    .option('--owner <owner>', 'the rep whose it is')
    .option('--time-zone <zone>', 'its local day counts for caps (default: this machine’s)')
    .option('--settings <json>', 'the provider’s settings that are not secret', jsonObject('--settings'))
    .option(
      '--credential <KEY=SOURCE>',
      'KEY=- from standard input, KEY=env:NAME, KEY=@FILE (repeatable)',
      several,
    )
    .option('--attribute <name=value>', 'what texts may name as sender.attributes (repeatable)', several)
    .option('--cap <action=day[/week]>', 'how many a day, and in any seven days (repeatable)', several)
    .option('--ramp-up <start+add>', 'a new sender: so many on the first day, and so many more each day')
    .option('--gap <seconds>', 'at least between two touches', wholeNumber('--gap'))
    .option('--jitter <seconds>', 'up to so many more, by chance', wholeNumber('--jitter'))
    .option(
      '--pause-at <what=number>',
      'bounced=PERCENT of the last 200 messages (5), complaints=NUMBER among the last 1,000 (2); repeatable',
      several,
    );
}

type Changes = Partial<
  Pick<
    SenderChanges,
    'name' | 'provider' | 'owner' | 'timeZone' | 'settings' | 'caps' | 'rampUp' | 'reputation'
  >
> &
  Record<string, unknown>;

async function fromOptions(options: Options): Promise<Changes> {
  const { wallNow } = await import('../../common/clock.ts');
  const { readCredentials } = await import('../credentials.ts');
  return {
    ...(options.name !== undefined && { name: options.name }),
    ...(options.provider !== undefined && { provider: options.provider }),
    ...(options.owner !== undefined && { owner: options.owner }),
    ...(options.timeZone !== undefined && { timeZone: options.timeZone }),
    ...(options.settings !== undefined && { settings: options.settings }),
    ...(options.attribute && { attributes: Object.fromEntries(options.attribute.map(pairOf)) }),
    ...(options.cap && { caps: Object.fromEntries(options.cap.map(capOf)) }),
    ...(options.rampUp !== undefined && { rampUp: rampUpOf(options.rampUp, wallNow()) }),
    ...(options.gap !== undefined && { minGapSeconds: options.gap }),
    ...(options.jitter !== undefined && { jitterSeconds: options.jitter }),
    ...(options.pauseAt && { reputation: Object.fromEntries(options.pauseAt.map(pauseAtOf)) }),
    ...(options.credential && { credentials: await readCredentials(options.credential) }),
  };
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError(`--attribute ${text}: write it as name=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function capOf(text: string): [string, { day: number; week?: number }] {
  const [, name = '', day, week] = /^([a-z]+)=(\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  const known = ACTIONS.find((one) => one === name);
  if (!known || day === undefined) {
    throw new CliError(
      `--cap ${text}: write it as action=day or action=day/week, such as email=50 or invite=20/100. Actions: ${ACTIONS.join(', ')}.`,
    );
  }
  return [known, { day: Number(day), ...(week !== undefined && { week: Number(week) }) }];
}

const THRESHOLDS: Readonly<Record<string, string>> = { bounced: 'bounced_percent', complaints: 'complaints' };

function pauseAtOf(text: string): [string, number] {
  const [, what = '', number] = /^([a-z]+)=(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
  const known = THRESHOLDS[what];
  if (!known || number === undefined)
    throw new CliError(`--pause-at ${text}: write it as bounced=5 (percent) or complaints=2.`);
  return [known, Number(number)];
}

function rampUpOf(text: string, now: number): SenderChanges['rampUp'] {
  if (text === 'none') return null;
  const [, start, add] = /^(\d+)\+(\d+)$/.exec(text) ?? [];
  if (start === undefined) {
    throw new CliError(
      `--ramp-up ${text}: write it as start+add, such as 5+5: five today, ten tomorrow, …; or none.`,
    );
  }
  return { start: Number(start), add_per_day: Number(add), from: new Date(now).toISOString().slice(0, 10) };
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
