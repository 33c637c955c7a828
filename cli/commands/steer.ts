import type { Command } from 'commander';
import type { Db } from '../../db/db.ts';
import type { LeadSummary } from '../../db/history.ts';
import { action, addCommand } from '../command.ts';
import type { Output } from '../output/output.ts';
import { remoteLeadSummary, remoteLeadTime } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

export function addSteering(program: Command): void {
  addCommand(program, 'skip <lead>', {
    summary: 'leave out what comes next for a lead: the present step, or the wait before it',
    examples: ['skip ada@example.com'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const { skip } = await import('../../db/commands.ts');
      const lead =
        (await remotely(text, 'skip')) ??
        (await steer(out, text, ({ db, enrollmentId }) => skip(db, enrollmentId))).lead;
      await out.result({ lead, skipped: true }, () =>
        out.line(`Skipped. ${lead.name || lead.email} goes on with the step after it.`),
      );
    }),
  );

  addCommand(program, 'reschedule <lead> <when>', {
    summary: 'move what comes next for a lead to a later or earlier time',
    description:
      'WHEN is local to the lead (2026-03-12 09:00), an ISO time with an offset, or +3d, +2h, +90m from now. Window and caps still apply, so it happens then or at the first time after it.',
    examples: ['reschedule ada@example.com "2026-03-12 09:00"', 'reschedule ada@example.com +3d'],
  }).action(
    action<[string, string], object>(async (out, [text, when]) => {
      const [{ reschedule }, { businessNow }, { parseWhen }, { timeline }, { localTime, iso }] =
        await Promise.all([
          import('../../db/commands.ts'),
          import('../../db/lookup.ts'),
          import('../../api/operations/when.ts'),
          import('../../db/history.ts'),
          import('../output/when.ts'),
        ]);
      const remotely = async (api: Remote) => {
        const { lead, zone, now } = await remoteLeadTime(api, text);
        const to = parseWhen(when, { zone, now });
        await api.call('leads.reschedule', { path: { id: lead.id }, body: { to: iso(to)! } });
        return { lead, to, zone };
      };
      const inDatabase = async () => {
        const { lead, answer } = await steer(out, text, async ({ db, enrollmentId, lead }) => {
          const { timeZone: zone } = await timeline(db, lead.id, 1);
          const to = parseWhen(when, { zone, now: await businessNow(db) });
          return { ...(await reschedule(db, enrollmentId, to)), to, zone };
        });
        return { lead, to: answer.to, zone: answer.zone };
      };
      const api = remote();
      const { lead, to, zone } = api ? await remotely(api) : await inDatabase();
      await out.result({ lead, to: iso(to), timeZone: zone }, () =>
        out.line(
          `Moved: what comes next for ${lead.name || lead.email} is not before ${localTime(to, zone)}.`,
        ),
      );
    }),
  );

  addCommand(program, 'retry <lead>', {
    summary: 'try again what holds a lead, after it was mended',
    examples: ['retry ada@example.com'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const { retry } = await import('../../db/commands.ts');
      const lead =
        (await remotely(text, 'retry')) ??
        (await steer(out, text, ({ db, enrollmentId }) => retry(db, enrollmentId))).lead;
      await out.result({ lead, retried: true }, () =>
        out.line(`${lead.name || lead.email} is being tried again.`),
      );
    }),
  );
}

/** Commands it over HTTP; null: on the database. */
async function remotely(text: string, command: 'skip' | 'retry'): Promise<LeadSummary | null> {
  const api = remote();
  if (!api) return null;
  const lead = await remoteLeadSummary(api, text);
  await api.call(`leads.${command}`, { path: { id: lead.id } });
  return lead;
}

/** Finds the lead and what is under way for it, gives the command, and wakes the workflow. */
async function steer<Answer extends { readonly wake: readonly string[] }>(
  out: Output,
  text: string,
  command: (on: { db: Db; enrollmentId: string; lead: LeadSummary }) => Promise<Answer>,
): Promise<{ lead: LeadSummary; answer: Answer }> {
  const [{ findLead }, { activeEnrollment }, { withSession }] = await Promise.all([
    import('../../db/history.ts'),
    import('../../db/lookup.ts'),
    import('../session.ts'),
  ]);
  return withSession(out, async ({ db, wake }) => {
    const lead = await findLead(db, text);
    const enrollmentId = await activeEnrollment(db, lead.id);
    const answer = await command({ db, enrollmentId, lead });
    await wake({ enrollments: answer.wake });
    return { lead, answer };
  });
}
