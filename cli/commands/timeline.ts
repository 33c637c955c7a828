import type { Command } from 'commander';
import type { Answer } from '../../api/v1/calling.ts';
import { action, addCommand } from '../command.ts';
import { remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import { wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';

interface Options {
  readonly limit: number;
}

export function addTimeline(program: Command): void {
  addCommand(program, 'timeline <lead>', {
    summary: 'everything that happened to a lead, and what is booked, in the lead’s local time',
    examples: ['timeline ada@example.com', 'timeline "Ada Lovelace" --limit 50', 'timeline crm-1001 --json'],
  })
    .option('--limit <number>', 'the newest so many entries', wholeNumber('--limit', 1), 1000)
    .action(
      action<[string], Options>(async (out, [text], { limit }) => {
        const [{ iso }, { formatLocal }] = await Promise.all([
          import('../output/when.ts'),
          import('../../sequences/calendar/zone.ts'),
        ]);
        const api = remote();
        const beside = async () => {
          const [{ findLead, timeline }, { withSession }] = await Promise.all([
            import('../../db/history.ts'),
            import('../session.ts'),
          ]);
          return withSession(out, async ({ db }) => timeline(db, (await findLead(db, text)).id, limit));
        };
        const { lead, timeZone, entries, truncated } = await (api
          ? remoteTimeline(api, text, limit)
          : beside());
        const json = {
          lead,
          timeZone,
          truncated,
          entries: entries.map((entry) => ({ ...entry, at: iso(entry.at) })),
        };
        await out.result(json, async () => {
          out.line(out.colors.bold(`${lead.name || lead.email || lead.id} (times in ${timeZone})`));
          if (truncated) out.line(out.colors.dim(`Only the newest ${limit} entries.`));
          if (entries.length === 0) return out.line('Nothing happened yet.');
          await out.table(
            ['WHEN', 'WHAT', 'STEP', 'CHANNEL', 'STATE', 'WHY', 'FROM'],
            entries.map((entry) => [
              formatLocal(entry.at, timeZone),
              entry.what,
              entry.step,
              entry.action && entry.action !== entry.channel
                ? `${entry.channel} ${entry.action}`
                : entry.channel,
              words(entry.state),
              [entry.reason && words(entry.reason), entry.what === 'task' ? null : entry.detail]
                .filter(Boolean)
                .join(': '),
              entry.sender,
            ]),
          );
        });
      }),
    );
}

/** The largest page of a timeline. */
const PAGE = 1000;

async function remoteTimeline(api: Remote, text: string, limit: number) {
  const path = { id: await remoteLead(api, text) };
  const pages: Answer<'leads.timeline'>['entries'][] = [];
  let left = limit;
  for (let cursor: string | undefined; ;) {
    const query = { limit: Math.min(left, PAGE), ...(cursor !== undefined && { cursor }) };
    const { next, lead, timeZone, entries } = await api.call('leads.timeline', { path, query });
    pages.unshift(entries);
    left -= entries.length;
    if (next === null || left <= 0)
      return {
        lead,
        timeZone,
        truncated: next !== null,
        entries: pages.flat().map((entry) => ({ ...entry, at: Date.parse(entry.at) })),
      };
    cursor = next;
  }
}
