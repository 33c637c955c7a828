import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDb, type Db, type Tx } from '../../../db/db.ts';
import { endEnrollments, lockLeads } from '../../../db/endings.ts';
import { lockScope, type Scope } from '../../../db/scopes.ts';
import { suppressLocked } from '../../../db/suppressions.ts';
import { createTestDatabase } from '../../support/database.ts';
import { identityHash, makeHost, walk, type Host } from '../../support/enrollment-host.ts';
import {
  makeCompany,
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let pools: Db[];
let hosts: Host[];

/** The same database, where the step from `booked` to `sending` takes its time: the moment that a stop must not slip into. */
function unhurried(pool: Db): Db {
  return {
    ...pool,
    tx: (work) =>
      pool.tx((tx) =>
        work({
          ...tx,
          query: async (text, values) => {
            if (text.includes(`set state = 'sending'`)) await sleep(25);
            return tx.query(text, values);
          },
        } as Tx),
      ),
  };
}

beforeAll(async () => {
  let url: string;
  ({ db, url, drop } = await createTestDatabase());
  pools = [1, 2, 3].map((n) => createDb(url, { name: `worker-${n}`, max: 6 }));
  hosts = await Promise.all(pools.map((pool) => makeHost(unhurried(pool))));
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
  await drop();
});
beforeEach(() => setTime(db, TUESDAY));

const LEADS = 32;

/** Leads of one company whose touches are booked for this very moment. */
async function dueNow() {
  const company = await makeCompany(db);
  const senders = await Promise.all([1, 2, 3, 4].map(() => makeSender(db)));
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  const launch = await makeLaunch(db, { versionId: version.id, senderIds: senders.map(({ id }) => id) });
  const leads: string[] = [];
  const enrollments: string[] = [];
  for (let i = 0; i < LEADS; i++) {
    const lead = await makeLead(db, { companyId: company.id });
    leads.push(lead.id);
    enrollments.push((await makeEnrollment(db, { launchId: launch.id, leadId: lead.id })).id);
  }
  return { company, senders, version, launch, leads, enrollments };
}

type Due = Awaited<ReturnType<typeof dueNow>>;

const LEFT = `select id from touches where state in ('sending', 'sent', 'failed', 'unconfirmed')`;

/** A stop in one transaction, and which of the touches it is about had left by then, read under its locks. */
interface Stop {
  readonly about: string;
  readonly id: string;
  readonly act: (tx: Tx) => Promise<void>;
}

async function leftOf(q: Pick<Db, 'query'>, { about, id }: Stop): Promise<string[]> {
  const { rows } = await q.query<{ id: string }>(`${LEFT} and ${about} order by id`, [id]);
  return rows.map((row) => row.id);
}

function pauseOf(scope: Scope, scopeId: string | null, about: string, id: string): Stop {
  return {
    about,
    id,
    act: async (tx) => {
      await lockScope(tx, { scope, scopeId });
      await tx.query('insert into pauses (scope, scope_id, reason, at) values ($1, $2, $3, business_now())', [
        scope,
        scopeId,
        'test',
      ]);
    },
  };
}

const BY_LAUNCH = 'enrollment_id in (select id from enrollments where launch_id = $1)';
const BY_LEAD = 'lead_id = $1';

const STOPS: Record<string, (due: Due) => Stop[]> = {
  'everything is paused': ({ launch }) => [pauseOf('all', null, BY_LAUNCH, launch.id)],
  'the sequence is paused': ({ version, launch }) => [
    pauseOf('sequence', version.sequenceId, BY_LAUNCH, launch.id),
  ],
  'the launch is paused': ({ launch }) => [pauseOf('launch', launch.id, BY_LAUNCH, launch.id)],
  'the launch is stopped': ({ launch }) => [
    {
      about: BY_LAUNCH,
      id: launch.id,
      act: async (tx) => {
        await lockScope(tx, { scope: 'launch', scopeId: launch.id });
        await tx.query(`update launches set status = 'stopped' where id = $1`, [launch.id]);
      },
    },
  ],
  'senders are paused': ({ senders }) => senders.map(({ id }) => pauseOf('sender', id, 'sender_id = $1', id)),
  'the company is paused': ({ company, launch }) => [pauseOf('company', company.id, BY_LAUNCH, launch.id)],
  'leads are paused': ({ leads }) => leads.toReversed().map((id) => pauseOf('lead', id, BY_LEAD, id)),
  'leads are suppressed': ({ leads }) =>
    leads.toReversed().map((id) => ({
      about: BY_LEAD,
      id,
      act: async (tx) => {
        await lockLeads(tx, [id]);
        await suppressLocked(tx, identityHash, { leadId: id }, [id], {
          channel: null,
          reason: 'unsubscribed',
        });
      },
    })),
  'enrollments are stopped': ({ enrollments }) =>
    enrollments.toReversed().map((id) => ({
      about: 'enrollment_id = $1',
      id,
      act: async (tx) => {
        const { rows } = await tx.query<{ lead_id: string }>(
          'select lead_id from enrollments where id = $1',
          [id],
        );
        await lockLeads(tx, [rows[0]!.lead_id]);
        await endEnrollments(tx, [id], 'stopped_by_person');
      },
    })),
};

test.each(Object.entries(STOPS))(
  'promise 3: when %s while touches are on their way, nothing becomes sending after the commit',
  async (_name, stopsOf) => {
    const due = await dueNow();
    const stops = stopsOf(due);
    const sent = () => hosts.reduce((sum, { provider }) => sum + provider.sent.length, 0);
    const before = sent();
    const walks = due.enrollments.map((id, i) => walk(hosts[i % hosts.length]!, id));
    // In the middle of it: some have left, others are about to.
    const settled = Promise.allSettled(walks).then(() => 'over' as const);
    while (sent() < before + 3 && (await Promise.race([settled, sleep(1)])) !== 'over');
    const left = await Promise.all(
      stops.map(async (stop, i) => {
        await sleep(i);
        return db.tx(async (tx) => {
          await stop.act(tx);
          return leftOf(tx, stop);
        });
      }),
    );
    const done = await Promise.all(walks);
    await Promise.all(hosts.map((host) => host.activities.drain()));
    const after = await Promise.all(stops.map((stop) => leftOf(db, stop)));
    expect(after).toEqual(left);
    const total = left.flat().length;
    expect(total).toBeGreaterThan(0);
    expect(total).toBeLessThan(LEADS);
    expect(
      done.some(({ state, ended }) => state?.phase === 'paused' || (ended !== null && ended !== 'done')),
    ).toBe(true);
    const { rows } = await db.query<{ open: number }>(
      `select count(*)::int as open from touches where state = 'sending' and lead_id = any($1::uuid[])`,
      [due.leads],
    );
    expect(rows[0]!.open).toBe(0);
    await db.query('update pauses set ended_at = business_now() where ended_at is null');
  },
);

test('promise 6: a pause holds the lead at its step, and the resume books it anew', async () => {
  const due = await dueNow();
  const id = due.enrollments[0]!;
  await db.tx(pauseOf('launch', due.launch.id, BY_LAUNCH, due.launch.id).act);
  const host = hosts[0]!;
  const paused = await walk(host, id);
  expect(paused.state).toMatchObject({ step: 'hello', phase: 'paused', until: null });
  // Its slot went back, and a workflow that starts again finds the same pause.
  expect((await db.query('select state, reason from touches where enrollment_id = $1', [id])).rows).toEqual([
    { state: 'cancelled', reason: 'paused_launch' },
  ]);
  expect((await walk(host, id)).answers.map(({ type }) => type)).toEqual(['paused']);
  const { rows } = await db.query('select kind, reason from decisions where enrollment_id = $1', [id]);
  expect(rows).toEqual([{ kind: 'paused', reason: 'launch' }]);
  await db.query('update pauses set ended_at = business_now() where ended_at is null');
  await db.query(
    `with added as (insert into inbox (enrollment_id, event, at) values ($1, '{"type": "resume"}', business_now()) returning seq)
     update enrollments set inbox_seq = (select seq from added) where id = $1`,
    [id],
  );
  expect((await walk(host, id)).ended).toBe('done');
});

test('a channel for which the lead gave no consent where one is needed is not used', async () => {
  await db.query(`update workspace set consent_policy = '{"DE": ["email"]}'`);
  const due = await dueNow();
  const [id, other] = due.enrollments as [string, string];
  await db.query(`update leads set country = 'DE' where id = any($1::uuid[])`, [due.leads]);
  await db.query(`update leads set consent_status = 'given' where id = $1`, [due.leads[1]]);
  await walk(hosts[0]!, id);
  await walk(hosts[0]!, other);
  const { rows } = await db.query(
    'select state, reason from touches where enrollment_id = any($1::uuid[]) order by state',
    [[id, other]],
  );
  expect(rows).toEqual([
    { state: 'sent', reason: null },
    { state: 'skipped', reason: 'no_consent' },
  ]);
  await db.query(`update workspace set consent_policy = '{}'`);
});
