import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Waker } from '../../activities/waker.ts';
import { createLogger } from '../../common/log.ts';
import { addAbsence } from '../../db/absences.ts';
import { addUser } from '../../db/access/users.ts';
import { clockHolds } from '../../db/clock.ts';
import type { Db } from '../../db/db.ts';
import { anybodyMayStart, noteNextLook } from '../../db/pacing.ts';
import { writeRetention } from '../../db/retention.ts';
import { forget, sweep } from '../../worker/sweep.ts';
import { createTestDatabase } from '../support/database.ts';
import { identityHash, makeHost, walk } from '../support/enrollment-host.ts';
import {
  makeEnrollment,
  makeLaunch,
  makeLead,
  makePlan,
  makeSender,
  makeVersion,
  setTime,
  touchNode,
  TUESDAY,
} from '../support/factories.ts';

let db: Db;
let drop: () => Promise<void>;
let versionId: string;
const log = createLogger({ level: 'silent' });
const nobody = async () => {};
const woken = { enrollments: [] as string[], launches: [] as string[], terminated: [] as string[] };
const waker: Waker = {
  missing: nobody,
  ended: nobody,
  open: async () => 0,
  endpoint: nobody,
  missingEndpoint: nobody,
  missingMailbox: nobody,
  enrollments: async (ids) => void woken.enrollments.push(...ids),
  launch: async (id) => void woken.launches.push(id),
  terminate: async (ids) => void woken.terminated.push(...ids),
};
beforeAll(async () => {
  ({ db, drop } = await createTestDatabase());
  versionId = (await makeVersion(db, { plan: makePlan([touchNode('hello')]) })).id;
  await makeSender(db);
});
afterAll(() => drop());

test('promise 6: the sweep wakes who waited for the end of a leave, and the launch whose leads could not start', async () => {
  await setTime(db, TUESDAY);
  const ayse = await addUser(db, { email: 'ayse@acme.test', name: 'Ayse', role: 'rep' });
  const launch = await makeLaunch(db, { versionId });
  const enroll = async (status: 'running' | 'pending') => {
    const lead = await makeLead(db, { owner: 'AYSE' });
    return (await makeEnrollment(db, { launchId: launch.id, leadId: lead.id, status })).id;
  };
  const [waits] = [await enroll('running'), await enroll('pending')];
  await addAbsence(db, ayse.id, {
    from: '2026-03-10',
    to: '2026-03-11',
    timeZone: 'Europe/Berlin',
    colleagueId: null,
  });
  const host = await makeHost(db);
  expect((await walk(host, waits)).state?.phase).toBe('paused');
  expect(await anybodyMayStart(db, launch.id)).toBe(false);
  await noteNextLook(db, launch.id, null);
  const once = () => sweep({ db, waker, log, settleExpired: nobody });
  await once();
  expect(woken).toMatchObject({ enrollments: [], launches: [] });
  // A time-lapse does not run past its end.
  expect((await clockHolds(db, [])).map(({ at }) => at.toISOString())).toContain('2026-03-11T23:00:00.000Z');

  await setTime(db, TUESDAY + 2 * 86_400_000);
  await once();
  expect(woken).toMatchObject({ enrollments: [waits], launches: [launch.id] });
  expect((await walk(host, waits)).ended).toBe('done');
  expect(host.provider.sent).toHaveLength(1);
  await host.activities.drain();
});

test('what is too old is erased in rounds, and the workflows of its sequences end', async () => {
  const launch = await makeLaunch(db, { versionId });
  const lead = await makeLead(db);
  const { id } = await makeEnrollment(db, { launchId: launch.id, leadId: lead.id, status: 'finished' });
  await db.query(`update leads set updated_at = business_now() - interval '2 years' where id = $1`, [
    lead.id,
  ]);
  await db.query(`update enrollments set created_at = business_now() - interval '2 years' where id = $1`, [
    id,
  ]);
  const round = () => forget({ db, waker, log, hashIdentity: identityHash });
  await round();
  expect(woken.terminated).toEqual([]);
  await writeRetention(db, { inactiveLeadMonths: 12, auditMonths: null }, null);
  await round();
  expect(woken.terminated).toEqual([id]);
});
