import { afterAll, beforeEach, beforeAll, expect, test } from '@jest/globals';
import { listAudit } from '../../db/access/audit.ts';
import type { Db } from '../../db/db.ts';
import { countInactive, eraseInactive, forgetAudit, writeRetention } from '../../db/retention.ts';
import { createTestDatabase } from '../support/database.ts';
import { identityHash } from '../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeVersion,
  touchNode,
} from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let launchId: string;
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  const version = await makeVersion(db, { plan: makePlan([touchNode('hello')]) });
  launchId = (await makeLaunch(db, { versionId: version.id })).id;
});
beforeEach(() => db.query('truncate leads, audit cascade'));
afterAll(() => drop());

const keep = (inactiveLeadMonths: number | null, auditMonths: number | null = null) =>
  writeRetention(db, { inactiveLeadMonths, auditMonths }, null);
async function oldLead(options: Parameters<typeof makeLead>[1] = {}, months = 13): Promise<string> {
  const { id } = await makeLead(db, options);
  await db.query(
    `update leads set created_at = now() - make_interval(months => $2), updated_at = now() - make_interval(months => $2) where id = $1`,
    [id, months],
  );
  return id;
}
const erased = async () =>
  (await db.query<{ id: string }>('select id from leads where erased_at is not null')).rows.map(
    ({ id }) => id,
  );

test('nobody is erased unless somebody says so', async () => {
  await oldLead();
  await keep(null);
  expect(await eraseInactive(db, identityHash)).toEqual({ erased: 0, enrollmentIds: [] });
  expect(await erased()).toEqual([]);
});

test('leads without consent are erased when nothing came or went for long, a page at a time, and it is written down', async () => {
  const enrolled = async (status: 'running' | 'finished', ended: string | null) => {
    const id = await oldLead();
    const enrollment = await makeEnrollment(db, { launchId, leadId: id, status });
    await db.query(
      `update enrollments set created_at = now() - interval '20 months', ended_at = now() - $2::interval where id = $1`,
      [enrollment.id, ended],
    );
    return { id, enrollmentId: enrollment.id };
  };
  const [plain, refused] = [await oldLead(), await oldLead({ consent: 'refused' })];
  const done = await enrolled('finished', '14 months');
  const stay = [
    await oldLead({ consent: 'given' }),
    await oldLead({}, 11),
    (await enrolled('running', null)).id,
    (await enrolled('finished', '2 months')).id,
  ];
  const heard = await oldLead();
  await db.query(
    `insert into lead_events (lead_id, type, at) values ($1, 'opened', now() - interval '1 month')`,
    [heard],
  );
  const wrote = await oldLead();
  await db.query(
    `insert into messages (lead_id, channel, at, body, class, class_by, settled)
     values ($1, 'email', now() - interval '20 months', 'Later', 'other', 'rule', false)`,
    [wrote],
  );
  const written = await oldLead();
  const { id: enrollmentId } = await makeEnrollment(db, { launchId, leadId: written, status: 'finished' });
  await db.query(
    `update enrollments set created_at = now() - interval '20 months', ended_at = now() - interval '19 months' where id = $1`,
    [enrollmentId],
  );
  await db.query(
    `insert into touches (enrollment_id, lead_id, step_id, visit, attempt, channel, action, state, slot_at, at, local_day)
     values ($1, $2, 'hello', 1, 1, 'email', 'email', 'sent', now(), now() - interval '1 month', current_date)`,
    [enrollmentId, written],
  );
  stay.push(heard, wrote, written);

  await keep(12);
  expect(await countInactive(db, 12, 100)).toBe(3);
  expect(await countInactive(db, 12, 2)).toBe(2);
  const first = await eraseInactive(db, identityHash, 2);
  const second = await eraseInactive(db, identityHash, 2);
  expect([first.erased, second.erased]).toEqual([2, 1]);
  expect([...first.enrollmentIds, ...second.enrollmentIds]).toEqual([done.enrollmentId]);
  expect((await eraseInactive(db, identityHash)).erased).toBe(0);
  expect((await erased()).toSorted()).toEqual([plain, refused, done.id].toSorted());
  const { rowCount } = await db.query('select from leads where id = any($1) and erased_at is null', [stay]);
  expect(rowCount).toBe(stay.length);
  const entries = await listAudit(db, { before: null, limit: 10 });
  expect(new Set(entries.map(({ target }) => target))).toEqual(new Set([plain, refused, done.id]));
  expect(entries[0]).toMatchObject({ userId: null, who: 'Cadenza', action: 'retention.erase' });
});

test('two workers erase each lead once', async () => {
  for (let i = 0; i < 6; i++) await oldLead();
  await keep(12);
  const both = await Promise.all([eraseInactive(db, identityHash), eraseInactive(db, identityHash)]);
  expect(both[0].erased + both[1].erased).toBe(6);
  expect(await listAudit(db, { before: null, limit: 10 })).toHaveLength(6);
});

test('the audit is kept as long as it is said', async () => {
  await db.query(
    `insert into audit (who, action, request_id, at) select 'Rosa', 'x', 'r', now() - make_interval(months => n) from generate_series(0, 9) n`,
  );
  await keep(null);
  expect(await forgetAudit(db)).toBe(0);
  await keep(null, 6);
  expect(await forgetAudit(db, 2)).toBe(2);
  expect(await forgetAudit(db)).toBe(2);
  expect(await listAudit(db, { before: null, limit: 20 })).toHaveLength(6);
});
