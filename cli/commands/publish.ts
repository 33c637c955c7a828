import type { Command } from 'commander';
import type { PublishedSequence } from '../../api/operations/publish-copy-file.ts';
import { action, addCommand } from '../command.ts';
import { remote, type Remote } from '../remote.ts';

const SAYS = {
  new_version: 'a new version; launches from now on run it',
  new_copy: 'new texts; leads that run now get them from their next touch on',
  unchanged: 'nothing to publish, it is all there',
} as const;

export function addPublish(program: Command): void {
  addCommand(program, 'publish <file>', {
    summary: 'publish the texts of a sequence that runs, or a new version of it',
    description:
      'New texts reach running leads from their next touch on, and are refused where they would hold one for want of a variable. A changed structure becomes a version of its own: leads that run keep theirs.',
    examples: ['publish sequences/library/classic.yaml'],
  }).action(
    action<[string], object>(async (out, [file]) => {
      const [{ publishCopyFile }, { withSession }] = await Promise.all([
        import('../../api/operations/publish-copy-file.ts'),
        import('../session.ts'),
      ]);
      const api = remote();
      const published = api
        ? await out.busy('Publishing', publishRemotely(api, file))
        : await withSession(out, ({ db }) => out.busy('Publishing', publishCopyFile(db, file)));
      await out.result({ published }, () => {
        for (const { sequence, revision, outcome } of published)
          out.line(`${sequence}: ${SAYS[outcome]} (copy revision ${revision}).`);
      });
    }),
  );
}

async function publishRemotely(api: Remote, file: string): Promise<readonly PublishedSequence[]> {
  const { publicationOrder, readSequenceFiles } = await import('../../api/operations/read-sequence-files.ts');
  const items = await api.list('sequences.list');
  const files = readSequenceFiles(file, new Set(items.map(({ name }) => name)));
  const published: PublishedSequence[] = [];
  for (const { name: sequence, source } of publicationOrder(files)) {
    const { publishedAt: _, ...done } = await api.call('sequences.publish', {
      path: { name: sequence },
      body: { source },
    });
    published.push({ sequence, ...done });
  }
  return published;
}
