import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

export function addWhy(program: Command): void {
  addCommand(program, 'why <lead>', {
    summary: 'why a lead is where it is, what comes next and when',
    examples: ['why ada@example.com', 'why crm-1001 --json'],
  }).action(
    action<[string], object>(async (out, [text]) => {
      const { iso, localTime } = await import('../output/when.ts');
      const api = remote();
      const beside = async () => {
        const [{ findLead }, { why }, { withSession }] = await Promise.all([
          import('../../db/history.ts'),
          import('../../db/why.ts'),
          import('../session.ts'),
        ]);
        return withSession(out, async ({ db, hashIdentity }) =>
          why(db, hashIdentity, (await findLead(db, text)).id),
        );
      };
      const answer = await (api ? remoteWhy(api, text) : beside());
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

async function remoteWhy(api: Remote, text: string) {
  const { enrollment, next, ...answer } = await api.call('leads.why', {
    path: { id: await remoteLead(api, text) },
  });
  const at = (time: string | null) => (time === null ? null : Date.parse(time));
  return {
    ...answer,
    enrollment: enrollment && {
      ...enrollment,
      startedAt: at(enrollment.startedAt),
      endedAt: at(enrollment.endedAt),
    },
    next: next && { ...next, at: Date.parse(next.at) },
  };
}
