import type { Command } from 'commander';
import { action, addCommand } from '../command.ts';
import { count, words } from '../output/text.ts';
import { remoteLaunch } from '../remote-names.ts';
import { remote, type Remote } from '../remote.ts';

/** So many of the newest are shown. */
const LAUNCHES = 50;
const PAUSES = 20;

export function addStatus(program: Command): void {
  addCommand(program, 'status [launch]', {
    summary: 'how a launch stands, or all of them',
    examples: ['status', 'status "classic: leads"', 'status 3f2a --json'],
  }).action(
    action<[string | undefined], object>(async (out, [text]) => {
      const [{ status }, lookup, { activePauses }, { withSession }, { iso, localTime, machineZone }] =
        await Promise.all([
          import('../../db/history.ts'),
          import('../../db/lookup.ts'),
          import('../../db/pauses.ts'),
          import('../session.ts'),
          import('../output/when.ts'),
        ]);
      const api = remote();
      const { launch, exclusions, launches, pauses, now, stand } = api
        ? await remotely(api, text)
        : await withSession(out, async ({ db }) => {
            const launch = text === undefined ? null : await lookup.findLaunch(db, text);
            return {
              launch,
              exclusions: launch ? await lookup.launchExclusions(db, launch.id) : [],
              launches: launch ? [] : await lookup.listLaunches(db, LAUNCHES),
              pauses: await activePauses(db, PAUSES),
              now: await lookup.businessNow(db),
              stand: await status(db, launch?.id ?? null),
            };
          });
      const json = {
        now: iso(now),
        ...(launch ? { launch, exclusions } : { launches }),
        pauses,
        ...stand,
        next: stand.next.map((next) => ({ ...next, at: iso(next.at) })),
      };
      await out.result(json, async () => {
        const zone = machineZone();
        if (launch) out.line(out.colors.bold(`${launch.name} (${launch.id})`));
        for (const pause of pauses) {
          const scope = pause.scope === 'all' ? 'Everything' : `A ${pause.scope}`;
          out.line(
            out.colors.yellow(`${scope} is paused since ${localTime(pause.at, zone)}: ${pause.reason}`),
          );
        }
        if (launches.length > 0) {
          await out.table(
            ['LAUNCH', 'ID', 'SEQUENCE', 'STATE', 'WAITING', 'RUNNING', 'HELD', 'FINISHED', 'STOPPED'],
            launches.map((one) => [
              one.name,
              one.id.slice(0, 8),
              one.sequence,
              one.status === 'running' && one.paused ? 'paused' : one.status,
              one.pending,
              one.running,
              one.held,
              one.finished,
              one.stopped,
            ]),
          );
          out.line();
        }
        const { enrollments, held, openTasks } = stand;
        const { pending, running, finished, stopped } = enrollments;
        out.line(
          `${count(pending + running + finished + stopped, 'lead')}: ${pending} waiting to start, ${running} under way, ${finished} finished, ${stopped} stopped; ${held} held, ${count(openTasks, 'open task')}.`,
        );
        for (const { reason, count: number } of exclusions)
          out.line(`  ${count(number, 'lead')} left out: ${words(reason)}`);
        if (stand.reasons.length > 0) {
          out.line();
          await out.table(
            ['LEADS', 'STATE', 'REASON'],
            stand.reasons.map((row) => [row.count, row.status, words(row.reason)]),
          );
        }
        if (stand.touches.length > 0) {
          out.line();
          await out.table(
            ['STEP', 'CHANNEL', 'STATE', 'TOUCHES'],
            stand.touches.map((row) => [row.step, row.channel, row.state, row.count]),
          );
        }
        if (stand.tracking.length > 0) {
          out.line();
          await out.table(
            ['STEP', 'OPENED', 'CLICKED', 'ONLY BY MACHINES'],
            stand.tracking.map((row) => [row.step, row.opened, row.clicked, row.onlyMachines]),
          );
        }
        if (stand.next.length > 0) {
          out.line();
          await out.table(
            ['NEXT', 'LEAD', 'WHAT'],
            stand.next.map((next) => [localTime(next.at, zone), next.lead, words(next.action ?? '')]),
          );
        }
      });
    }),
  );
}

/** What one sees of it over HTTP. */
async function remotely(api: Remote, text: string | undefined) {
  const found = text === undefined ? null : await remoteLaunch(api, text);
  const [{ now, ...stand }, pauses, detail, launches] = await Promise.all([
    api.call('status', { query: found ? { launchId: found.id } : {} }),
    api.call('pauses.list'),
    found && api.call('launches.read', { path: { id: found.id } }),
    found ? [] : api.list('launches.list', {}, { most: LAUNCHES }),
  ]);
  return {
    launch: found && { id: found.id, name: found.name },
    exclusions: detail?.exclusions ?? [],
    launches: launches.map(({ id, name, sequence, status, paused, createdAt, counts }) => ({
      id,
      name,
      sequence,
      status,
      createdAt,
      paused: paused !== null,
      ...counts,
    })),
    pauses: pauses.items.slice(0, PAUSES).map(({ id, scope, scopeId, reason, at, byName }) => ({
      id,
      scope,
      scopeId,
      reason,
      at: new Date(at),
      byName,
    })),
    now: Date.parse(now),
    stand: { ...stand, next: stand.next.map((next) => ({ ...next, at: Date.parse(next.at) })) },
  };
}
