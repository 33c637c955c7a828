import type { Command } from 'commander';
import type { Needs } from '../../api/v1/calling.ts';
import type { Endpoint } from '../../db/endpoints.ts';
import { action, addCommand, addGroup, several } from '../command.ts';
import { CliError } from '../errors.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { count } from '../output/text.ts';
import { oneOfThem, remoteLead } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';
import type { Session } from '../session.ts';

interface LogOptions {
  readonly state?: 'pending' | 'delivered' | 'parked';
  readonly lead?: string;
  readonly limit: number;
}

interface ReplayOptions {
  readonly event?: string;
  readonly since?: string;
  readonly parked?: boolean;
}

export function addWebhooks(program: Command): void {
  const webhooks = addGroup(program, 'webhooks', {
    summary: 'where the CRM gets its callbacks, and what became of them',
    examples: ['webhooks add https://crm.example.com/hooks/cadenza', 'webhooks log 3f2a --state parked'],
  });

  addCommand(webhooks, 'add <url>', {
    summary: 'register an address for callbacks; its signing secret is shown this once',
    examples: [
      'webhooks add https://crm.example.com/hooks/cadenza',
      'webhooks add https://crm.example.com/hooks/cadenza --type touch.sent --type lead.replied',
    ],
  })
    .option('--type <type>', 'only callbacks of this type (repeatable; default: all)', several)
    .action(
      action<[string], { readonly type?: readonly string[] }>(async (out, [url], { type = [] }) => {
        const [{ addEndpoint }, { withSession }] = await load();
        const types = type.flatMap((one) => one.split(','));
        const api = remote();
        const added = api
          ? await api.call('webhooks.add', { body: { url, types } as Needs<'webhooks.add'>['body'] })
          : await withSession(out, async ({ db, secrets, config, wake }) => {
              const added = await addEndpoint(
                db,
                secrets,
                { url, types },
                { allowPrivate: config.allowPrivateEndpoints },
              );
              await wake({ endpoints: [added.id] });
              return added;
            });
        await out.result(added, () => {
          out.line(`Registered (${added.id}).`);
          out.line(`Signing secret, shown this once: ${added.secret}`);
        });
      }),
    );

  addCommand(webhooks, 'list', {
    summary: 'list endpoints and how delivery to them stands',
    examples: ['webhooks list', 'webhooks list --json'],
  }).action(
    action<[], object>(async (out) => {
      const [{ listEndpoints }, { withSession }] = await load();
      const api = remote();
      const endpoints = api
        ? (await api.call('webhooks.list')).items
        : await withSession(out, ({ db }) => listEndpoints(db));
      await out.result({ endpoints }, async () => {
        if (endpoints.length === 0)
          return out.line('No endpoints yet. "cadenza webhooks add URL" registers one.');
        await out.table(
          ['ID', 'URL', 'TYPES', 'STATE', 'WAITING', 'PARKED', 'SECRETS'],
          endpoints.map((endpoint) => [
            endpoint.id.slice(0, 8),
            endpoint.url,
            endpoint.types.join(', ') || 'all',
            stateOf(endpoint),
            endpoint.pending,
            endpoint.parked,
            endpoint.secrets,
          ]),
        );
      });
    }),
  );

  addCommand(webhooks, 'types <id>', {
    summary: 'change which callbacks go to an endpoint from now on; without --type all do',
    examples: ['webhooks types 3f2a --type touch.sent --type lead.replied', 'webhooks types 3f2a'],
  })
    .option('--type <type>', 'only callbacks of this type (repeatable; default: all)', several)
    .action(
      action<[string], { readonly type?: readonly string[] }>(async (out, [text], { type = [] }) => {
        const [{ changeTypes }, { withSession }] = await load();
        const types = type.flatMap((one) => one.split(','));
        const api = remote();
        const id = api
          ? await remoteEndpoint(api, text).then(async (id) => {
              await api.call('webhooks.change', {
                path: { id },
                body: { types } as Needs<'webhooks.change'>['body'],
              });
              return id;
            })
          : await withSession(out, async (session) => {
              const id = await endpointId(session, text);
              await changeTypes(session.db, id, types);
              return id;
            });
        await out.result({ id, types }, () =>
          out.line(`From now on it gets ${types.length > 0 ? types.join(', ') : 'every type'}.`),
        );
      }),
    );

  addCommand(webhooks, 'log <id>', {
    summary: 'what was delivered to an endpoint, and what was not, the newest first',
    examples: ['webhooks log 3f2a', 'webhooks log 3f2a --state parked --json'],
  })
    .option(
      '--state <state>',
      'pending, delivered or parked',
      oneOf('--state', ['pending', 'delivered', 'parked']),
    )
    .option('--lead <lead>', 'about this lead')
    .option('--limit <number>', 'at most so many', wholeNumber('--limit', 1), 50)
    .action(
      action<[string], LogOptions>(async (out, [text], options) => {
        const { state, lead, limit } = options;
        const [{ deliveryLog }, { findLead }, { withSession }, { localTime, machineZone }] =
          await Promise.all([
            import('../../db/deliveries.ts'),
            import('../../db/history.ts'),
            import('../session.ts'),
            import('../output/when.ts'),
          ]);
        const api = remote();
        const deliveries = api
          ? await remoteLog(api, text, options)
          : await withSession(out, async (session) => {
              const id = await endpointId(session, text);
              const leadId = lead === undefined ? undefined : (await findLead(session.db, lead)).id;
              return deliveryLog(session.db, id, { state, leadId, limit });
            });
        await out.result({ deliveries }, async () => {
          if (deliveries.length === 0) return out.line('Nothing was to be delivered there.');
          await out.table(
            ['WHEN', 'EVENT', 'TYPE', 'LEAD', 'NO.', 'STATE', 'TRIES', 'ANSWER'],
            deliveries.map((one) => [
              localTime(new Date(one.recordedAt), machineZone()),
              one.eventId,
              one.type,
              one.leadId.slice(0, 8),
              one.seq,
              one.state,
              one.attempts,
              [one.lastStatus, one.lastError].filter((part) => part !== null).join(' '),
            ]),
          );
        });
      }),
    );

  addCommand(webhooks, 'replay <id>', {
    summary: 'send callbacks once more, under their old ids',
    examples: [
      'webhooks replay 3f2a --parked',
      'webhooks replay 3f2a --since "2026-03-10 09:00"',
      'webhooks replay 3f2a --event evt_123',
    ],
  })
    .option('--parked', 'those that the endpoint refused')
    .option('--since <when>', 'everything recorded since then, this machine’s time')
    .option('--event <id>', 'this one')
    .action(
      action<[string], ReplayOptions>(async (out, [text], options) => {
        const given = [options.parked, options.since, options.event].filter((one) => one !== undefined);
        if (given.length !== 1)
          throw new CliError('Say what to send again: --parked, --since WHEN or --event ID.');
        const [{ replay }, { parseWhen }, { wallNow }, { withSession }, { machineZone }] = await Promise.all([
          import('../../db/deliveries.ts'),
          import('../../api/operations/when.ts'),
          import('../../common/clock.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
        const { parked, since, event } = options;
        const what = parked
          ? ({ parked: true } as const)
          : event !== undefined
            ? { eventId: event }
            : { since: new Date(parseWhen(since ?? '', { zone: machineZone(), now: wallNow() })) };
        const api = remote();
        const number = api
          ? await api
              .call('webhooks.replay', {
                path: { id: await remoteEndpoint(api, text) },
                body: 'since' in what ? { since: what.since.toISOString() } : what,
              })
              .then(({ replayed }) => replayed)
          : await withSession(out, async (session) => {
              const id = await endpointId(session, text);
              const number = await replay(session.db, id, what);
              await session.wake({ endpoints: [id] });
              return number;
            });
        if (event !== undefined && number === 0)
          throw new CliError(`There is no callback with the id ${event}.`);
        await out.result({ replayed: number }, () =>
          out.line(`${count(number, 'callback')} will be sent again.`),
        );
      }),
    );

  addCommand(webhooks, 'rotate <id>', {
    summary: 'give an endpoint a new signing secret; the old one stays valid for a while',
    examples: ['webhooks rotate 3f2a', 'webhooks rotate 3f2a --overlap-hours 1'],
  })
    .option('--overlap-hours <hours>', 'how long both are valid', wholeNumber('--overlap-hours'), 24)
    .action(
      action<[string], { readonly overlapHours: number }>(async (out, [text], { overlapHours }) => {
        const [{ rotateSecret }, { withSession }] = await load();
        const api = remote();
        const rotated = api
          ? await api.call('webhooks.rotate', {
              path: { id: await remoteEndpoint(api, text) },
              body: { overlapHours },
            })
          : await withSession(out, async (session) =>
              rotateSecret(
                session.db,
                session.secrets,
                await endpointId(session, text),
                overlapHours * 3_600_000,
              ),
            );
        await out.result(rotated, () => {
          out.line(`Signing secret, shown this once: ${rotated.secret}`);
          out.line(`The one before stays valid for ${count(overlapHours, 'hour')}.`);
        });
      }),
    );

  const change = (
    name: 'remove' | 'enable' | 'disable',
    summary: string,
    says: string,
    work: (session: Session, id: string) => Promise<void>,
  ) =>
    addCommand(webhooks, `${name} <id>`, { summary, examples: [`webhooks ${name} 3f2a`] }).action(
      action<[string], object>(async (out, [text]) => {
        const { withSession } = await import('../session.ts');
        const api = remote();
        const id = api
          ? await remoteEndpoint(api, text).then(async (id) => {
              await api.call(`webhooks.${name}`, { path: { id } });
              return id;
            })
          : await withSession(out, async (session) => {
              const id = await endpointId(session, text);
              await work(session, id);
              return id;
            });
        await out.result({ id, done: name }, () => out.line(says));
      }),
    );

  change(
    'enable',
    'send to an endpoint again, beginning with what waited',
    'Enabled.',
    async ({ db, wake }, id) => {
      const { enableEndpoint } = await import('../../db/endpoints.ts');
      await enableEndpoint(db, id);
      await wake({ endpoints: [id] });
    },
  );
  change('disable', 'send nothing to an endpoint until it is enabled', 'Disabled.', async ({ db }, id) => {
    const { disableEndpoint } = await import('../../db/endpoints.ts');
    await disableEndpoint(db, id);
  });
  change('remove', 'forget an endpoint with its log', 'Removed.', async ({ db }, id) => {
    const { removeEndpoint } = await import('../../db/endpoints.ts');
    await removeEndpoint(db, id);
  });
}

function load() {
  return Promise.all([import('../../db/endpoints.ts'), import('../session.ts')]);
}

async function endpointId({ db }: Session, text: string): Promise<string> {
  const { requireId } = await import('../../db/lookup.ts');
  return requireId(db, 'endpoint', text);
}

async function remoteEndpoint(api: Remote, text: string): Promise<string> {
  return oneOfThem((await api.call('webhooks.list')).items, 'endpoint', text).id;
}

async function remoteLog(api: Remote, text: string, { state, lead, limit }: LogOptions) {
  const id = await remoteEndpoint(api, text);
  const query = {
    ...(state !== undefined && { state }),
    ...(lead !== undefined && { leadId: await remoteLead(api, lead) }),
  };
  return api.list('webhooks.deliveries', { path: { id }, query }, { most: limit });
}

function stateOf(
  endpoint: Pick<Endpoint, 'disabledReason' | 'holdReason'> & {
    readonly disabledAt: unknown;
    readonly heldUntil: unknown;
  },
): string {
  if (endpoint.disabledAt) return `disabled: ${endpoint.disabledReason ?? ''}`;
  return endpoint.heldUntil ? `held: ${endpoint.holdReason ?? ''}` : 'open';
}
