import type { Command } from 'commander';
import { action, addCommand, addGroup } from '../command.ts';
import { wholeNumber } from '../options.ts';
import { words } from '../output/text.ts';
import { remote } from '../remote.ts';

export function addSources(program: Command): void {
  const sources = addGroup(program, 'sources', {
    summary: 'other systems that tell what leads did',
    examples: ['sources add web-shop', 'sources events web-shop'],
  });

  addCommand(sources, 'add <name>', {
    summary: 'let another system tell events; its signing secret is shown this once',
    description:
      'It posts {"type": "order.placed", "lead": {"email": "ada@example.com"}, "data": {"total": 120}} to its address, signed as Standard Webhooks say.',
    examples: ['sources add web-shop'],
  }).action(
    action<[string], object>(async (out, [name]) => {
      const [{ addSource }, { withSession }] = await load();
      const added =
        (await remote()?.call('sources.add', { body: { name } })) ??
        (await withSession(out, async ({ db, secrets, config }) => ({
          name,
          url: `${config.publicUrl}/hooks/events/${name}`,
          ...(await addSource(db, secrets, name)),
        })));
      await out.result(added, () => {
        out.line(`Its address: ${added.url}`);
        out.line(`Signing secret, shown this once: ${added.secret}`);
      });
    }),
  );

  addCommand(sources, 'list', {
    summary: 'list them',
    examples: ['sources list', 'sources list --json'],
  }).action(
    action<[], object>(async (out) => {
      const [{ listSources }, { withSession }] = await load();
      const found =
        (await remote()?.call('sources.list'))?.items ??
        (await withSession(out, async ({ db, config }) =>
          (await listSources(db)).map((one) => ({
            ...one,
            url: `${config.publicUrl}/hooks/events/${one.name}`,
          })),
        ));
      await out.result({ sources: found }, async () => {
        if (found.length === 0) return out.line('No sources yet. "cadenza sources add NAME" registers one.');
        await out.table(
          ['NAME', 'ADDRESS', 'SECRETS'],
          found.map(({ name, url, secrets }) => [name, url, secrets]),
        );
      });
    }),
  );

  addCommand(sources, 'rotate <name>', {
    summary: 'give it a new secret; the one before is accepted for another day',
    examples: ['sources rotate web-shop'],
  }).action(
    action<[string], object>(async (out, [name]) => {
      const [{ rotateSource }, { withSession }] = await load();
      const rotated =
        (await remote()?.call('sources.rotate', { path: { name } })) ??
        (await withSession(out, ({ db, secrets }) => rotateSource(db, secrets, name)));
      await out.result({ name, ...rotated }, () =>
        out.line(`New signing secret, shown this once: ${rotated.secret}`),
      );
    }),
  );

  addCommand(sources, 'remove <name>', {
    summary: 'take nothing more from it',
    examples: ['sources remove web-shop'],
  }).action(
    action<[string], object>(async (out, [name]) => {
      const [{ removeSource }, { withSession }] = await load();
      const api = remote();
      if (api) await api.call('sources.remove', { path: { name } });
      else await withSession(out, ({ db }) => removeSource(db, name));
      await out.result({ name, removed: true }, () => out.line(`Removed ${name}.`));
    }),
  );

  addCommand(sources, 'events [name]', {
    summary: 'what they told, the newest first, and what came of it',
    examples: ['sources events', 'sources events web-shop --limit 10 --json'],
  })
    .option('--limit <number>', 'at most so many', wholeNumber('--limit', 1), 50)
    .action(
      action<[string | undefined], { readonly limit: number }>(async (out, [name], { limit }) => {
        const [[{ toldEvents }, { withSession }], { localTime, machineZone }] = await Promise.all([
          load(),
          import('../output/when.ts'),
        ]);
        const told = await remote()?.list('sources.events', { query: { source: name } }, { most: limit });
        const events =
          told?.map((event) => ({ ...event, at: new Date(event.at) })) ??
          (await withSession(out, ({ db }) => toldEvents(db, { source: name ?? null, limit })));
        await out.result({ events }, async () => {
          if (events.length === 0) return out.line('Nothing was told yet.');
          await out.table(
            ['WHEN', 'SOURCE', 'EVENT', 'LEAD', 'WHAT CAME OF IT'],
            events.map((one) => [
              localTime(one.at, machineZone()),
              one.source,
              one.event,
              one.leadId?.slice(0, 8) ?? '',
              one.error ?? words((one.result ?? one.state).replace(':', ': ')),
            ]),
          );
        });
      }),
    );
}

function load() {
  return Promise.all([import('../../db/event-sources.ts'), import('../session.ts')]);
}
