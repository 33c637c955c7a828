import type { Command } from 'commander';
import type { Needs } from '../../api/v1/calling.ts';
import type { LeadSummary } from '../../db/history.ts';
import { action, addCommand, addGroup } from '../command.ts';
import { CliError } from '../errors.ts';
import { jsonObject, oneOf } from '../options.ts';
import { count, words } from '../output/text.ts';
import { remoteLead, remoteLeadSummary } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import { saySending } from './control.ts';
import { addExport } from './leads-export.ts';
import { addShow } from './leads-show.ts';

const CHANNELS = ['email', 'linkedin', 'sms', 'whatsapp', 'call'] as const;

interface SuppressOptions {
  readonly channel?: (typeof CHANNELS)[number];
  readonly reason: string;
  readonly email?: string;
  readonly phone?: string;
  readonly domain?: string;
}

export function addLeads(program: Command): void {
  const leads = addGroup(program, 'leads', {
    summary: 'leads: show, export, erase, never contact again',
    examples: ['leads show ada@example.com', 'leads export --output leads.csv'],
  });

  addShow(leads);
  addExport(leads);

  addCommand(leads, 'erase <lead>', {
    summary: 'erase a lead everywhere; it stays suppressed, so that no import brings it back',
    description:
      'Ends its sequences, blanks what names it in every table and tells the CRM. It cannot be undone, so it asks for the name, unless --yes.',
    examples: ['leads erase ada@example.com', 'leads erase crm-1001 --yes --json'],
  })
    .option('--yes', 'do not ask')
    .action(
      action<[string], { readonly yes?: boolean }>(async (out, [text], { yes }) => {
        const { ask } = await import('../credentials.ts');
        const confirmed = async (lead: LeadSummary) => {
          const name = lead.name || lead.email || lead.id;
          if (yes) return name;
          const typed = await ask(`This erases ${name} for good. Type the name to go on: `);
          if (typed === null)
            throw new CliError('Erasing cannot be undone: add --yes where nobody can be asked.');
          if (typed !== name)
            throw new CliError('That is not the name; nothing was erased.', 1, 'not_confirmed');
          return name;
        };
        const api = remote();
        const there = async (api: Remote) => {
          const lead = await remoteLeadSummary(api, text);
          const body = { name: await confirmed(lead) };
          return { lead, erased: await api.call('leads.erase', { path: { id: lead.id }, body }) };
        };
        const beside = async () => {
          const [{ eraseLead }, { findLead }, { withSession }] = await Promise.all([
            import('../../db/erase.ts'),
            import('../../db/history.ts'),
            import('../session.ts'),
          ]);
          return withSession(out, async ({ db, hashIdentity, wake }) => {
            const lead = await findLead(db, text);
            await confirmed(lead);
            const { enrollmentIds, sending } = await eraseLead(db, lead.id, { hashIdentity });
            await wake({ terminate: enrollmentIds });
            return { lead, erased: { enrollments: enrollmentIds.length, sending } };
          });
        };
        const { lead, erased } = await (api ? there(api) : beside());
        await out.result({ erased: lead.id, ...erased }, () => {
          out.line(`Erased (${lead.id}). It stays suppressed on every channel.`);
          saySending(out, erased.sending);
        });
      }),
    );

  addCommand(leads, 'suppress [lead]', {
    summary: 'never contact a lead again, or an address or domain, whoever it belongs to',
    description:
      'In force when the command returns, for later imports too. Sequences end where no channel is left.',
    examples: [
      'leads suppress ada@example.com',
      'leads suppress --domain competitor.com --reason competitor',
      'leads suppress ada@example.com --channel sms',
    ],
  })
    .option('--email <address>', 'this address, known or not')
    .option('--phone <number>', 'this number, known or not')
    .option('--domain <domain>', 'everybody at this domain')
    .option('--channel <channel>', `only on ${CHANNELS.join(', ')}`, oneOf('--channel', CHANNELS))
    .option('--reason <word>', 'why, a word', 'by_hand')
    .action(
      action<[string | undefined], SuppressOptions>(async (out, [text], options) => {
        const { email, phone, domain, channel = null } = options;
        const given = [text, email, phone, domain].filter((one) => one !== undefined);
        if (given.length !== 1)
          throw new CliError(
            'Say whom to suppress: a lead, --email ADDRESS, --phone NUMBER or --domain DOMAIN.',
          );
        const reason =
          options.reason
            .trim()
            .toLowerCase()
            .replaceAll(/[^a-z0-9]+/g, '_') || 'by_hand';
        const checked = (value: string | null, what: string) => {
          if (value === null) throw new CliError(`"${given[0]}" is no ${what}.`);
          return value;
        };
        const api = remote();
        const beside = async () => {
          const [{ suppress }, { findLead }, fields, { withSession }] = await Promise.all([
            import('../../db/suppressions.ts'),
            import('../../db/history.ts'),
            import('../../sequences/leads/fields.ts'),
            import('../session.ts'),
          ]);
          return withSession(out, async ({ db, hashIdentity, wake }) => {
            const target =
              email !== undefined
                ? ({ kind: 'email', value: checked(fields.emailAddress(email), 'email address') } as const)
                : phone !== undefined
                  ? ({
                      kind: 'phone',
                      value: checked(fields.phoneNumber(phone, null), 'phone number with country code'),
                    } as const)
                  : domain !== undefined
                    ? ({
                        kind: 'domain',
                        value: checked(domainName(domain), 'domain such as acme.com'),
                      } as const)
                    : { leadId: (await findLead(db, text ?? '')).id };
            const {
              leads,
              wake: enrollments,
              sending,
            } = await suppress(db, hashIdentity, target, {
              channel,
              reason,
            });
            await wake({ enrollments });
            return { leads, stopped: enrollments.length, sending };
          });
        };
        const done = await (api
          ? suppressRemotely(api, text, { email, phone, domain }, { channel, reason })
          : beside());
        await out.result(
          {
            suppressed: given[0],
            channel,
            reason,
            leads: done.leads,
            stopped: done.stopped,
            sending: done.sending,
          },
          () => {
            out.line(`Suppressed: ${given[0]}, on ${channel ?? 'every channel'} (${words(reason)}).`);
            if (done.stopped > 0) out.line(`${count(done.stopped, 'lead')} left the sequence because of it.`);
            saySending(out, done.sending);
          },
        );
      }),
    );

  addCommand(leads, 'consent-policy [json]', {
    summary: 'show or set where a consent is needed before a channel may be used',
    description:
      'A JSON object from country (or * for every country that is not named) to channels. It starts empty: what the law asks for depends on your case. Leads who refused are never contacted, whatever it says.',
    examples: ['leads consent-policy', `leads consent-policy '{"DE": ["email", "sms", "whatsapp"]}'`],
  }).action(
    action<[string | undefined], object>(async (out, [json]) => {
      const [{ readConsentPolicy, writeConsentPolicy }, { withSession }] = await Promise.all([
        import('../../db/consent.ts'),
        import('../session.ts'),
      ]);
      const wanted = json === undefined ? undefined : jsonObject('consent-policy')(json);
      const api = remote();
      const policy = api
        ? (await remotePolicy(api, wanted)).policy
        : await withSession(out, ({ db }) =>
            wanted === undefined ? readConsentPolicy(db) : writeConsentPolicy(db, wanted),
          );
      await out.result({ policy }, () => out.line(JSON.stringify(policy)));
    }),
  );
}

function remotePolicy(api: Remote, wanted: Record<string, unknown> | undefined) {
  if (wanted === undefined) return api.call('consentPolicy.read');
  const body = { policy: wanted } as Needs<'consentPolicy.write'>['body'];
  return api.call('consentPolicy.write', { body }, { ifMatch: '*' });
}

async function suppressRemotely(
  api: Remote,
  lead: string | undefined,
  values: Readonly<Record<'email' | 'phone' | 'domain', string | undefined>>,
  how: { readonly channel: (typeof CHANNELS)[number] | null; readonly reason: string },
) {
  if (lead !== undefined)
    return api.call('leads.suppress', { path: { id: await remoteLead(api, lead) }, body: how });
  const [kind, value] = Object.entries(values).find(([, given]) => given !== undefined)! as [
    keyof typeof values,
    string,
  ];
  return api.call('suppressions.add', { body: { kind, value, ...how } });
}

function domainName(text: string): string | null {
  const domain = text.trim().toLowerCase().replace(/^@/, '');
  return /^([a-z0-9-]+\.)+[a-z0-9-]{2,}$/.test(domain) ? domain : null;
}
