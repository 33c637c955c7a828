import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import type { Output } from '../output/output.ts';
import { remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

export function addShow(leads: Command): void {
  addCommand(leads, 'show <lead>', {
    summary: 'show a lead’s profile',
    examples: ['leads show ada@example.com', 'leads show crm-1001 --json'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const api = remote();
      const { lead, all, channels } = await (api ? there(api, text) : beside(out, text));
      const { attributes, consent, emails, phones, createdAt: _at, version: _version, ...rest } = lead;
      await out.result({ lead, suppressed: channels }, async () => {
        const lines: [string, string | null][] = [
          ...Object.entries(rest).map(([name, value]): [string, string | null] => [spaced(name), value]),
          ['emails', emails.join(', ')],
          ['phones', phones.join(', ')],
          ['consent', [consent.status, consent.source, consent.at].filter(Boolean).join(', ')],
          ...Object.entries(attributes).map(([name, value]): [string, string | null] => [
            `attributes.${name}`,
            value === null ? null : String(value),
          ]),
          ['never contact', all ? 'on any channel' : channels.join(', ')],
        ];
        await out.table(
          ['FIELD', 'VALUE'],
          lines.filter(([, value]) => value),
        );
      });
    }),
  );
}

async function there(api: Remote, text: string) {
  const path = { id: await remoteLead(api, text) };
  const [lead, suppressed] = await Promise.all([
    api.call('leads.read', { path }),
    api.call('leads.suppressed', { path }),
  ]);
  return { lead: { ...lead, createdAt: new Date(lead.createdAt) }, ...suppressed };
}

async function beside(out: Output, text: string) {
  const [{ findLead }, { readLead }, { suppressedChannels }, { withSession }] = await Promise.all([
    import('../../db/history.ts'),
    import('../../db/leads.ts'),
    import('../../db/suppressions.ts'),
    import('../session.ts'),
  ]);
  return withSession(out, async ({ db, hashIdentity }) => {
    // What decides its arms is nobody's to read.
    const { seed: _, ...lead } = await readLead(db, (await findLead(db, text)).id);
    const { all, channels } = await suppressedChannels(db, hashIdentity, lead);
    return { lead, all, channels: [...channels] };
  });
}

function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
