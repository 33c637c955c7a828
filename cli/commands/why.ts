import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';

export function addWhy(program: Command): void {
  addCommand(program, 'why <lead>', {
    summary: 'why a lead is where it is, what comes next and when',
    examples: ['why ada@example.com', 'why crm-1001 --json'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const [{ findLead }, { why }, { withSession }, { iso, localTime }] = await Promise.all([
        import('../../db/history.ts'),
        import('../../db/why.ts'),
        import('../session.ts'),
        import('../output/when.ts'),
      ]);
      const answer = await withSession(out, async ({ db, hashIdentity }) =>
        why(db, hashIdentity, (await findLead(db, text)).id),
      );
      const { enrollment, next } = answer;
      const json = {
        ...answer,
        enrollment: enrollment && {
          ...enrollment,
          startedAt: iso(enrollment.startedAt),
          endedAt: iso(enrollment.endedAt),
        },
        next: next && { ...next, at: iso(next.at) },
      };
      await out.result(json, () => {
        out.line(answer.sentence);
        if (!enrollment) return;
        const where = enrollment.step ? `, step ${enrollment.step}` : '';
        out.line(
          out.colors.dim(
            `${enrollment.sequence}${where}: ${enrollment.held ? 'held' : enrollment.status} (${enrollment.reason})`,
          ),
        );
        if (next && !answer.blocks.some(({ kind }) => kind === 'paused'))
          out.line(out.colors.dim(`next at ${localTime(next.at, answer.timeZone)}`));
      });
    }),
  );
}
